"""`trainlab serve`: the reports of a folder of runs in a browser, refreshed during training."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer

from trainlab.cli import _terminal
from trainlab.cli._signals import end, on_signal
from trainlab.core.errors import UserError
from trainlab.report.serve.server import HOST, PORT, Server, listening, next_free
from trainlab.store.folder import is_run
from trainlab.store.reading import is_sweep
from trainlab.store.steps import is_tune
from trainlab.store.writing import named_errors

_LINGER = 3.0  # seconds in which the pages fetch the last numbers


def serve(
    runs: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the runs.")] = Path("runs"),
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address to listen at; 0.0.0.0 lets other machines read the runs.")
    ] = "127.0.0.1",
    token: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Password for other machines; needed with such a --host.")
    ] = None,
    port: Annotated[int, typer.Option(metavar="PORT", help="Port to listen at; 0 takes any free port.")] = 7007,
    as_json: Annotated[bool, typer.Option("--json", help="Print the address as JSON.")] = False,
    listener: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Show the runs, sweeps and tunes of a folder in a browser; the pages refresh during training.

    By default only this machine can read the pages. They are read-only. Ctrl-C stops the server. With --host 0.0.0.0
    others need the token; it travels unencrypted, so use it in networks that you trust.

    Examples:
        trainlab serve
        trainlab serve runs --port 8080
        trainlab serve --host 0.0.0.0 --token 4f1c9a7e2b
    """
    with _terminal.answering(as_json):
        if not runs.is_dir():
            raise UserError(f"{runs}: no such folder of runs; `trainlab train` makes one")
        if is_run(runs) or is_sweep(runs) or is_tune(runs):
            kind = "tune" if is_tune(runs) else "run or sweep"
            raise UserError(
                f"{runs}: this is a {kind}; serve the folder that contains it: trainlab serve {runs.parent}"
            )
    given = None if listener is None else socket.socket(fileno=listener)
    with Server(runs, host, port, given, token) as server:
        if given is not None:
            os.nice(10)  # the parent process trains
            threading.Thread(target=_until_alone, args=(server,), daemon=True).start()
        else:
            if as_json:
                _terminal.emit({"runs": str(runs), "address": server.address})
            else:
                _terminal.say(f"serving {runs} at {server.address}")
            _terminal.note("stop with Ctrl-C")
            sys.stdout.flush()
        _run(server)


@contextmanager
def served(runs: Path) -> Generator[None]:
    """Serve the folder in a process of its own during the block and some seconds more; print the address to stderr."""
    with named_errors(runs, "make"):
        runs.mkdir(parents=True, exist_ok=True)
    listener = listening(HOST, next_free(HOST, PORT) or 0)
    command = [sys.executable, "-m", "trainlab", "serve", str(runs), "--listener", str(listener.fileno())]
    with listener:  # the child accepts; connections made before it is ready wait in the queue
        _terminal.note(f"live at http://{HOST}:{listener.getsockname()[1]}/")
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[listener.fileno()],
            start_new_session=True,  # Ctrl-C stops the run after its step; until then the pages stay
        )
    try:
        yield
    finally:
        if child.stdin:
            child.stdin.close()
        try:
            with suppress(subprocess.TimeoutExpired):
                child.wait(2 * _LINGER)
        finally:
            child.kill()
            child.wait()


def _run(server: Server) -> None:
    """Serve until a signal ends it."""
    try:
        with on_signal(end):
            server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        server.stopping.set()
        _terminal.note("stopped")


def _until_alone(server: Server) -> None:
    """Stop the server soon after its parent has ended, which closes the other end of stdin."""
    while sys.stdin.buffer.read(1):
        pass
    time.sleep(_LINGER)
    server.stop()
