"""The server of `trainlab serve`: read-only pages and their change events over HTTP, by default for this machine only.

A web page of another site must not read the runs. So a request must name this server as its Host (a foreign DNS name
that points here is refused), nothing is shared across origins, and every response has a content security policy.
Other machines need a token: `?token=TEXT` at first, then a cookie that the answer sets.
"""

import errno
import hmac
import ipaddress
import re
import socket
import sys
import threading
import time
from contextlib import suppress
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from trainlab.core.errors import UserError
from trainlab.core.problem import visible
from trainlab.report.serve.site import Site
from trainlab.report.serve.view import wanted

HOST, PORT = "127.0.0.1", 7007
_SEARCHED = 100  # ports after the wanted one, for the next free one
_CLIENTS = 128  # connections at the same time, including those that wait for events
_SILENCE = 15.0  # seconds between two keep-alive comments to a waiting client
_LOOK = 0.5  # seconds between two checks of a run's files
_LISTENERS = 64  # connections that wait for events, so that pages always find a place; 32 of one address
_SLOW = 20.0  # seconds that a client may take for its request
_COOKIE = "trainlab-token"
_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_META = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">')
_NAMES = ("localhost", "127.0.0.1", "[::1]")


class Server(ThreadingHTTPServer):
    """Serves a folder of runs until `stop`; `address` is where. Raises UserError if it cannot listen there."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(
        self,
        runs: Path,
        host: str = HOST,
        port: int = PORT,
        listener: socket.socket | None = None,
        token: str | None = None,
    ) -> None:
        self.site = Site(runs)
        self.host, self.token = host, token
        if token is None and not own_machine(host):
            raise UserError(
                f"--host {host} lets other machines read the runs: give them a password, --token TEXT, of letters and "
                "digits"
            )
        if token is not None and not re.fullmatch(r"[A-Za-z0-9_-]{8,200}", token):
            raise UserError("--token: at least 8 letters, digits, - or _, which an address can hold")
        self.stopping = threading.Event()
        self.places = threading.BoundedSemaphore(_CLIENTS)
        self.listeners: dict[str, int] = {}  # connections that wait for events, by the client's address
        self._lock = threading.Lock()
        self._clients: set[socket.socket] = set()
        self._silent: dict[socket.socket, None] = {}  # clients that have not asked yet, the oldest first
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener or listening(host, port)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = host, self.server_address[1]

    @property
    def address(self) -> str:
        """The address for a browser, with the token if there is one."""
        named = "127.0.0.1" if self.host in ("0.0.0.0", "", "::") else self.host  # noqa: S104  # compared, not bound
        place = f"http://{f'[{named}]' if ':' in named else named}:{self.server_address[1]}/"
        return f"{place}?token={self.token}" if self.token else place

    def stop(self) -> None:
        """End `serve_forever` from another thread, and the connections that wait for events."""
        self.stopping.set()
        self.shutdown()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Handle a client in a thread. If all places are taken, the oldest client without a request loses its own."""
        if not self.places.acquire(blocking=False):
            self._drop_silent()
            if not self.places.acquire(timeout=0.5):
                self.shutdown_request(request)
                return
        self._clients.add(request)
        self._silent[request] = None
        super().process_request(request, client_address)

    def _drop_silent(self) -> None:
        oldest = next(iter(tuple(self._silent)), None)
        if oldest is not None:
            self._silent.pop(oldest, None)
            with suppress(OSError):
                oldest.shutdown(socket.SHUT_RDWR)

    def asked(self, request: socket.socket) -> None:
        """A client has sent its request: it keeps its place."""
        self._silent.pop(request, None)

    def listen_to(self, address: str, change: int) -> bool:
        """Count a connection that waits for events (1), or one that has ended (-1); whether there is a place for it."""
        with self._lock:
            mine, all_ = self.listeners.get(address, 0), sum(self.listeners.values())
            if change > 0 and (all_ >= _LISTENERS or mine >= _LISTENERS // 2):
                return False
            self.listeners[address] = mine + change
            if not self.listeners[address]:
                del self.listeners[address]
            return True

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Handle one client."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._clients.discard(request)
            self._silent.pop(request, None)
            self.places.release()

    def server_close(self) -> None:
        """Close the listener and all connections."""
        super().server_close()
        self.stopping.set()
        for client in tuple(self._clients):
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that disconnects is no error; anything else is printed to stderr, and the server continues."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            print(visible(f"trainlab serve: {type(error).__name__}: {error}"), file=sys.stderr)

    def welcome(self, host: str) -> bool:
        """Whether a Host header names this server."""
        name, _, port = host.rpartition(":") if re.search(r":\d+$", host) else (host, "", "80")
        if port != str(self.server_address[1]):
            return False
        if name.lower() in (*_NAMES, self.host.lower(), f"[{self.host.lower()}]"):
            return True
        if self.host in ("127.0.0.1", "localhost", "::1"):
            return False
        try:  # open to other machines by the user's own wish: any number is no name that a DNS could point here
            ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return name.lower() in (socket.gethostname().lower(), f"{socket.gethostname()}.local".lower())
        return True


class _Handler(BaseHTTPRequestHandler):
    """Handles GET and HEAD, and refuses all other methods."""

    server: Server  # pyright: ignore[reportIncompatibleVariableOverride]  # it has no other
    timeout = _SLOW
    server_version = "trainlab"
    sys_version = ""

    def do_GET(self) -> None:
        """Send a page, or the events of one."""
        self.server.asked(self.connection)
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1 or not self.server.welcome(hosts[0].strip()):
            self._say(HTTPStatus.FORBIDDEN, f"This is not the host you asked for; open {self.server.address}")
            return
        parts = urlsplit(self.path) if self.path.startswith("/") and not self.path.startswith("//") else None
        if parts is None:
            self._say(HTTPStatus.BAD_REQUEST, "An address begins with one slash.")
        elif not self._allowed(parts.query):
            self._say(HTTPStatus.UNAUTHORIZED, "Open the address that `trainlab serve` has printed, with its token.")
        elif parts.path.startswith("/events/"):
            since = parse_qs(parts.query).get("since", [""])[0]
            self._news(wanted(parts.path.removeprefix("/events"), parts.query), since)
        elif (page := self.server.site.page(wanted(parts.path, parts.query))) is None:
            self._say(HTTPStatus.NOT_FOUND, "There is no such run, sweep or page here.")
        else:
            told = _META.search(page.html)
            policy = told[1].replace("&#x27;", "'") if told else "default-src 'none'"
            body = page.html.encode("utf-8", "replace")
            self._send(HTTPStatus.OK, "text/html", body, f"{policy}; frame-ancestors 'none'")

    do_HEAD = do_GET  # noqa: N815  # the name that http.server looks for

    def _allowed(self, query: str) -> bool:
        """Whether the token is in the address or in the cookie, or none is needed."""
        token = self.server.token
        if token is None:
            return True
        cookies = SimpleCookie()
        with suppress(CookieError):
            cookies.load(self.headers.get("Cookie", ""))
        given = [*parse_qs(query).get("token", []), *([cookies[_COOKIE].value] if _COOKIE in cookies else [])]
        return any(hmac.compare_digest(one.encode(), token.encode()) for one in given)

    def _news(self, address: str, since: str) -> None:
        """An event for each change of a page, from the version that the client has, until it goes away."""
        site = self.server.site
        if site.version(address) is None:
            self._say(HTTPStatus.NOT_FOUND, "There is no such run, sweep or page here.")
            return
        client = str(self.client_address[0])
        if self.command == "GET" and not self.server.listen_to(client, 1):
            self._say(HTTPStatus.SERVICE_UNAVAILABLE, "Too many pages wait for news; close some, or reload this one.")
            return
        try:
            self._stream(site, address, since)
        finally:
            if self.command == "GET":
                self.server.listen_to(client, -1)

    def _stream(self, site: Site, address: str, since: str) -> None:
        self._head(HTTPStatus.OK, "text/event-stream", None, _POLICY)
        if self.command == "HEAD":
            return
        self.wfile.write(b"retry: 2000\n\n")
        sent, at = since, time.monotonic()
        while not self.server.stopping.wait(_LOOK):
            version = site.version(address) or "gone"
            if version != sent and site.due(address, version):
                sent, at = version, time.monotonic()
                self.wfile.write(f"event: change\ndata: {version}\n\n".encode())
            elif time.monotonic() > at + _SILENCE:
                at = time.monotonic()
                self.wfile.write(b": nothing new\n\n")

    def _say(self, status: HTTPStatus, text: str) -> None:
        self._send(status, "text/plain", f"{text}\n".encode(), _POLICY)

    def _send(self, status: HTTPStatus, kind: str, body: bytes, policy: str) -> None:
        self._head(status, kind, len(body), policy)
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, status: HTTPStatus, kind: str, length: int | None, policy: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        if length is not None:
            self.send_header("Content-Length", str(length))
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET, HEAD")
        if self.server.token is not None and status == HTTPStatus.OK:
            self.send_header("Set-Cookie", f"{_COOKIE}={self.server.token}; HttpOnly; SameSite=Strict; Path=/")
        self.send_header("Content-Security-Policy", policy)
        for name, value in _GUARDS.items():
            self.send_header(name, value)
        self.end_headers()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What is no request at all gets a line of text; nothing of it is repeated."""
        self.close_connection = True
        self.command = self.command or "GET"
        if code == HTTPStatus.NOT_IMPLEMENTED:  # any method without a `do_METHOD`
            self._say(HTTPStatus.METHOD_NOT_ALLOWED, "Runs can be read here, not changed: GET and HEAD only.")
        else:
            self._say(HTTPStatus(code), HTTPStatus(code).phrase)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its name in http.server
        """Says nothing: a request is no news."""


_GUARDS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def own_machine(host: str) -> bool:
    """Whether only this machine can reach this address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens at this address. Raises UserError, with what to do, if it cannot."""
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(Server.request_queue_size)
    except OSError as error:
        made.close()
        raise UserError(_refused(host, port, error)) from error
    except OverflowError as error:
        made.close()
        raise UserError(f"port {port}: a port is a number from 0 to 65535; 0 takes any free one") from error
    return made


def next_free(host: str, port: int) -> int | None:
    """The next free port from this one on; None if there is none near."""
    for candidate in range(port, min(port + _SEARCHED, 65536)):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, candidate))
            except OSError:
                continue
            return candidate
    return None


def _refused(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        free = next_free(host, port + 1)
        more = f"the next free one is {free}" if free else "--port 0 takes any free one"
        return f"port {port} of {host} is in use, perhaps by another `trainlab serve`; {more}"
    if error.errno == errno.EACCES:
        return f"port {port} may not be used by this user; take one from 1024 on, such as --port {PORT}"
    return f"cannot listen at {host} port {port}: {error.strerror or error}"
