"""Who may read the pages of `trainlab serve`, and that nobody keeps others out."""

import socket
import threading
import time

import pytest
from serving import TOKEN, ask

from trainlab.core.errors import UserError
from trainlab.report.serve.server import Server


def test_other_machines_need_a_token(runs):
    """Without one the server does not start; with one, only the address or the cookie that holds it opens a page."""
    with pytest.raises(UserError, match=r"^--host 0.0.0.0 lets other machines read the runs: .*--token TEXT"):
        Server(runs, "0.0.0.0", 0)  # noqa: S104  # this is what is tested
    with pytest.raises(UserError, match=r"^--token: at least 8 letters"):
        Server(runs, port=0, token="a b")  # noqa: S106
    with Server(runs, port=0, token=TOKEN) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            for path in ("/", "/run/a-1", "/events/run/a-1", "/?token=", f"/?token={TOKEN}x"):
                assert ask(server, path)[0] == 401
            assert ask(server, "/", Cookie="trainlab-token=guessed1")[0] == 401
            status, headers, body = ask(server, f"/?token={TOKEN}")
            assert (status, "a-1" in body) == (200, True)
            assert "HttpOnly" in headers["Set-Cookie"]
            assert ask(server, "/run/a-1", Cookie=headers["Set-Cookie"].partition(";")[0])[0] == 200
        finally:
            server.stop()
            thread.join()


def test_connections_that_ask_nothing_block_nobody(server):
    """200 half-open connections: a page still comes at once."""
    idle = [socket.create_connection(("127.0.0.1", server.server_port)) for _ in range(200)]
    try:
        began = time.monotonic()
        assert ask(server, "/")[0] == 200
        assert time.monotonic() < began + 10  # 17 s before; the clients' timeout is 20
    finally:
        for one in idle:
            one.close()


def test_pages_find_a_place_beside_those_that_wait_for_news(server):
    """Half as many streams of events of one address as there may be; the next is told so, and pages are answered."""
    name = f"127.0.0.1:{server.server_port}"
    request = f"GET /events/run/a-1 HTTP/1.1\r\nHost: {name}\r\n\r\n".encode()
    waiting = []
    try:
        for _ in range(32):
            to = socket.create_connection(("127.0.0.1", server.server_port), timeout=10)
            to.sendall(request)
            assert b" 200 " in to.recv(100)
            waiting.append(to)
        assert ask(server, "/events/run/a-1")[0] == 503
        assert ask(server, "/run/a-1")[0] == 200
    finally:
        for one in waiting:
            one.close()
