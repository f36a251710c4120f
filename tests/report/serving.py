"""Requests to a server of a test."""

import http.client
import socket

TOKEN = "4f1c9a7e2b"  # noqa: S105


def ask(server, path, *, method="GET", **headers):
    """Status, headers and body of a request."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
    connection.putrequest(method, path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers, body.decode()


def raw(server, data, *, wait=10.0):
    """What comes back when these bytes are sent."""
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=wait) as to:
        try:
            to.sendall(data)
            got = b""
            while more := to.recv(65536):
                got += more
        except (ConnectionError, TimeoutError):
            pass
    return got
