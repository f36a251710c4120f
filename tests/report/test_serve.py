"""`trainlab serve` over real sockets: what it shows, what it refuses, and that news arrive."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
from run_folders import OVERFITTING, make_run
from serving import TOKEN, ask, raw

from trainlab.core.errors import UserError
from trainlab.report.serve.places import run_at, sweep_at
from trainlab.report.serve.server import Server, next_free
from trainlab.store.rows import RowWriter

EVIL = "<script>alert(1)</script>"


def test_front_page_and_runs(server):
    """The first page lists runs and sweeps with links, and each run has its own page."""
    status, headers, body = ask(server, "/")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    for link in ('href="/run/a-1"', 'href="/run/b-1"', 'href="/sweep/s-sweep-1"'):
        assert link in body
    status, _, body = ask(server, "/run/a-1")
    assert status == 200
    assert "a-1 finished after 2 epochs" in body
    assert ask(server, "/run/s-sweep-1/trials/0001")[0] == 200
    assert ask(server, "/run/a-1", method="HEAD")[2] == ""
    assert ask(server, "/run/c-1")[0] == 404


def test_sweeps_and_comparison(server):
    """A sweep has its page, and the newest runs have one together, with links to each."""
    status, _, body = ask(server, "/sweep/s-sweep-1")
    assert (status, "s-sweep-1" in body) == (200, True)
    status, _, body = ask(server, "/compare")
    assert status == 200
    assert 'href="/run/a-1"' in body


def test_every_answer_is_guarded(server):
    """Pages, refusals and news have a policy that loads nothing from elsewhere, cannot be framed, and are not kept."""
    for path in ("/", "/run/a-1", "/nothing"):
        _, headers, _ = ask(server, path)
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-eval" not in policy
        assert "script-src 'unsafe-inline'" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-store"
        assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize(
    ("host", "want"),
    [
        ("127.0.0.1:{}", 200),
        ("localhost:{}", 200),
        ("LOCALHOST:{}", 200),
        ("evil.example:{}", 403),
        ("evil.example", 403),
        ("127.0.0.1.evil.example:{}", 403),
        ("127.0.0.1:1", 403),
        ("10.0.0.1:{}", 403),
        ("", 403),
    ],
)
def test_host_header(server, host, want):
    """A request whose Host is not this server, as after a DNS rebinding, learns nothing."""
    status, _, body = ask(server, "/", Host=host.format(server.server_port))
    assert status == want
    assert ("a-1" in body) == (want == 200)


def test_host_header_missing_or_twice(server):
    """No Host or two of them is refused."""
    name = f"127.0.0.1:{server.server_port}".encode()
    assert b" 403 " in raw(server, b"GET / HTTP/1.0\r\n\r\n").split(b"\r\n")[0]
    twice = b"GET / HTTP/1.1\r\nHost: " + name + b"\r\nHost: evil.example\r\n\r\n"
    assert b" 403 " in raw(server, twice).split(b"\r\n")[0]


def test_host_of_an_open_server(runs):
    """Where others may read it, any number is welcome as Host, but still no foreign name."""
    with Server(runs, "0.0.0.0", 0, token=TOKEN) as server:  # noqa: S104  # this is what is tested
        port = server.server_port
        assert server.welcome(f"10.1.2.3:{port}")
        assert server.welcome(f"[fe80::1]:{port}")
        assert server.welcome(f"{socket.gethostname()}:{port}")
        assert not server.welcome(f"evil.example:{port}")
        assert not server.welcome("10.1.2.3:1")
        assert server.address == f"http://127.0.0.1:{port}/?token={TOKEN}"


@pytest.mark.parametrize(
    "path",
    [
        "/run/../outside/secret-1",
        "/run/%2e%2e/outside/secret-1",
        "/run/..%2foutside%2fsecret-1",
        "/run/..%5c..%5coutside",
        "/run/%252e%252e/outside/secret-1",
        "/run//etc",
        "/run/",
        "/run/.",
        "/run/a-1/..",
        "/run/a-1/checkpoints",
        "/run/a-1%00",
        "/run/a-1/",
        "/run/linked-1",
        "/run/inner-1",
        "/run/loop",
        "/sweep/a-1",
        "/sweep/../runs/s-sweep-1",
        "/a-1",
        "/runs/a-1/status.json",
        "/run/a-1/status.json",
        "/events/run/../outside/secret-1",
        "/events/run/linked-1",
        "http://evil.example/",
        "*",
    ],
)
def test_nothing_outside_the_folder(server, runs, path):
    """Neither dots, codes, slashes nor links lead out of the folder of runs, nor to anything that is no run."""
    outside = runs.parent / "outside" / "secret-1"
    (runs / "linked-1").symlink_to(outside)
    make_run(runs, "inner").config.unlink()
    (runs / "inner-1" / "config.yaml").symlink_to(outside / "config.yaml")
    (runs / "loop").symlink_to(runs / "loop")
    status, _, body = ask(server, path)
    assert status in (400, 403, 404)
    assert "secret" not in body


def test_links_are_not_listed(server, runs):
    """A link out of the folder is not on the first page either."""
    (runs / "linked-1").symlink_to(runs.parent / "outside" / "secret-1")
    body = ask(server, "/")[2]
    assert "a-1" in body
    assert "linked-1" not in body


def test_places(runs):
    """Names are decoded once; runs and sweeps are told apart."""
    make_run(runs, into=runs / "ein lauf%2f-1")
    assert run_at(runs, "ein%20lauf%252f-1") == runs / "ein lauf%2f-1"
    assert run_at(runs, "s-sweep-1") is None
    assert sweep_at(runs, "s-sweep-1") == runs / "s-sweep-1"
    assert sweep_at(runs, "none") is None


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
def test_methods(server, method):
    """Nothing but reading is answered."""
    status, headers, body = ask(server, "/", method=method)
    assert (status, headers["Allow"]) == (405, "GET, HEAD")
    assert body == "Runs can be read here, not changed: GET and HEAD only.\n"


def test_what_is_no_request(server):
    """Huge headers, many of them, long addresses and noise are refused, and the server lives on."""
    name = f"Host: 127.0.0.1:{server.server_port}\r\n".encode()
    long = b"GET / HTTP/1.1\r\n" + name + b"X: " + b"a" * 100_000 + b"\r\n\r\n"
    many = b"GET / HTTP/1.1\r\n" + name + b"".join(b"X%d: a\r\n" % i for i in range(500)) + b"\r\n"
    far = b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n" + name + b"\r\n"
    noise = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(64) + b"\r\n\r\n"
    for data, want in ((long, b" 431 "), (many, b" 431 "), (far, b" 414 "), (noise, b" 400 ")):
        got = raw(server, data)
        first = got.split(b"\r\n")[0]  # nothing, where the rest that nobody read resets the connection
        assert first in (b"", b"Bad Request\n") or want in first
        assert b"aaaa" not in got
    assert raw(server, b"GET /<script> HTTP/1.1\r\n" + name + b"\r\n").count(b"<script>") == 0
    assert ask(server, "/")[0] == 200


def listen(server, path, events, ready):
    """Collects the lines of a stream of events."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
    connection.request("GET", path)
    answer = connection.getresponse()
    events.append(answer.headers["Content-Type"])
    ready.set()
    while line := answer.readline():
        events.append(line.decode().rstrip("\n"))
        if line.startswith(b"data"):
            break
    answer.close()
    connection.close()


def test_news_arrive_when_a_row_is_appended(server, runs):
    """A client that has the newest version hears of nothing until a row comes, and then of that."""
    version = server.site.version("/run/a-1")
    events, ready = [], threading.Event()
    thread = threading.Thread(target=listen, args=(server, f"/events/run/a-1?since={version}", events, ready))
    thread.start()
    assert ready.wait(60)
    time.sleep(0.8)
    assert [line for line in events if line.startswith("event")] == []
    with RowWriter(
        runs / "a-1" / "metrics.csv", (runs / "a-1" / "metrics.csv").read_text().split("\n")[0].split(",")
    ) as rows:
        rows.write({"epoch": 3, "step": 30, "val_loss": 0.25, "val_accuracy": 0.875})
    began = time.monotonic()
    thread.join(60)
    assert time.monotonic() - began < 20  # half a second where nothing else is going on
    assert events[0].startswith("text/event-stream")
    assert "event: change" in events
    assert events[-1] == f"data: {server.site.version('/run/a-1')}"
    assert server.site.version("/run/a-1") != version


def test_old_versions_hear_at_once(server):
    """A client whose page is older than the files hears of it at once: nothing is lost between page and stream."""
    events = []
    listen(server, "/events/run/a-1?since=old", events, threading.Event())
    assert events[-1] == f"data: {server.site.version('/run/a-1')}"


def test_the_page_is_made_again_when_it_changed(server, runs):
    """A page shows the new state after a change, and is the same text without one."""
    first = ask(server, "/run/b-1")[2]
    assert ask(server, "/run/b-1")[2] == first
    (runs / "b-1" / "diagnoses.jsonl").write_text(json.dumps(OVERFITTING) + "\n")
    second = ask(server, "/run/b-1")[2]
    assert "overfitting" in second
    assert "overfitting" not in first


def test_many_clients(server):
    """Forty that wait for news do not keep forty others from their pages, and all are let go at the end."""
    ask(server, "/run/a-1")
    version, events = server.site.version("/run/a-1"), []
    waiting = [
        threading.Thread(target=listen, args=(server, f"/events/run/a-1?since={version}", events, threading.Event()))
        for _ in range(40)
    ]
    for thread in waiting:
        thread.start()
    got = []
    asking = [threading.Thread(target=lambda: got.append(ask(server, "/run/a-1")[0])) for _ in range(40)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join(90)
    assert got == [200] * 40
    server.stopping.set()
    for thread in waiting:
        thread.join(60)
    assert not any(thread.is_alive() for thread in waiting)


def test_hostile_names_are_text(server, runs):
    """A run with markup for a name is shown, linked and opened as text."""
    make_run(runs, into=runs / "<img src=x onerror=alert(1)>-1", findings=[{**OVERFITTING, "message": EVIL}])
    front = ask(server, "/")[2]
    assert "<img src=x" not in front
    assert 'href="/run/%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E-1"' in front
    page = ask(server, "/run/%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E-1")[2]
    assert EVIL not in page
    assert "<img src=x" not in page


def test_port_in_use(runs, server):
    """A port that is taken is named with the next free one; a port that is none is named, too."""
    port = server.server_port
    free = next_free("127.0.0.1", port + 1)
    with pytest.raises(UserError) as caught:
        Server(runs, port=port)
    told = f"port {port} of 127.0.0.1 is in use, perhaps by another `trainlab serve`; the next free one is {free}"
    assert str(caught.value) == told
    with pytest.raises(UserError) as caught:
        Server(runs, port=70000)
    assert str(caught.value) == "port 70000: a port is a number from 0 to 65535; 0 takes any free one"


def started(*arguments):
    """`trainlab serve` as a process, and the address that it tells."""
    command = [sys.executable, "-m", "trainlab", "serve", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return process, process.stdout.readline()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_ends_politely(runs, number):
    """Ctrl-C and a polite kill end the command with 0, also while somebody waits for news."""
    process, line = started(runs, "--port", 0)
    assert line.startswith(f"serving {runs} at http://127.0.0.1:")
    port = int(line.rsplit(":", 1)[1].strip().strip("/"))
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(f"GET /events/run/a-1 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        assert client.recv(100).startswith(b"HTTP/1.0 200")
        process.send_signal(number)
        assert process.wait(60) == 0
    assert process.communicate()[1] == "stop with Ctrl-C\nstopped\n"


def test_mistakes(runs, tmp_path):
    """No folder, a run instead of its folder: a sentence and exit code 2."""
    for place, want in (
        (tmp_path / "none", f"{tmp_path}/none: no such folder of runs; `trainlab train` makes one\n"),
        (
            runs / "a-1",
            f"{runs}/a-1: this is a run or sweep; serve the folder that contains it: trainlab serve {runs}\n",
        ),
    ):
        process, _ = started(place)
        assert (process.communicate()[1], process.returncode) == (want, 2)


def test_live_in_a_browser(server, runs):
    """In a real browser the page refreshes itself when a row comes: the text is new, an opened table stays open, the
    place on the page stays, and nobody else is asked for anything.
    """
    import chromium

    if chromium.program() is None:
        pytest.skip("there is no Chromium here; TRAINLAB_CHROMIUM names one")
    browser = chromium.Browser(chromium.program())
    try:
        tab = browser.open(f"{server.address}run/a-1")
        tab.wait("document.getElementById('live')?.textContent.startsWith('Live')", seconds=90)
        tab.ask("window.stays = 1; document.querySelector('details').open = true; scrollTo(0, 300)")
        header = (runs / "a-1" / "metrics.csv").read_text().split("\n")[0].split(",")
        with RowWriter(runs / "a-1" / "metrics.csv", header) as rows:
            rows.write({"epoch": 3, "step": 30, "train_loss": 0.1, "val_loss": 0.25, "val_accuracy": 0.96875})
        status = (runs / "a-1" / "status.json").read_text()
        best = status.replace('"value": 0.75', '"value": 0.96875')
        assert best != status
        (runs / "a-1" / "status.json").write_text(best)
        tab.wait("document.querySelector('header').textContent.includes('0.9688')", seconds=90)
        assert tab.ask("document.querySelector('details').open")
        assert tab.ask("scrollY") > 0
        assert tab.ask("document.documentElement.dataset.refreshed || 'loaded again'")
        assert [url for url in tab.requests if not url.startswith((server.address, "data:", "blob:"))] == []
        assert tab.console == []
        tab.socket.close()
    finally:
        browser.close()
