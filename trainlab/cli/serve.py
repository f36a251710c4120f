"""`trainlab serve`: the reports of a folder of runs in a browser, refreshed while training goes on."""

import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trainlab.cli import _terminal
from trainlab.core.errors import UserError

if TYPE_CHECKING:
    from trainlab.report.serve.server import Server


def serve(
    runs: Annotated[Path, typer.Argument(metavar="DIR", help="Where run folders are.")] = Path("runs"),
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Listen here; 0.0.0.0 lets other machines read the runs, too.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="PORT", help="Listen at this port; 0 takes any free one.")] = 7007,
    with_parent: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Show the runs and sweeps of a folder in a browser, each with its report, refreshed as rows arrive.

    Only this machine can read it, and nothing can be changed through it. Ctrl-C ends it.

    Examples:
        trainlab serve
        trainlab serve runs --port 8080
    """
    from trainlab.report.serve.server import Server
    from trainlab.store.folder import is_run
    from trainlab.store.reading import is_sweep

    if not runs.is_dir():
        raise UserError(f"{runs}: there is no such folder of runs; `trainlab train` makes one")
    if is_run(runs) or is_sweep(runs):
        raise UserError(
            f"{runs}: this is one run or sweep; serve the folder that it is in: trainlab serve {runs.parent}"
        )
    with Server(runs, host, port) as server:
        _terminal.say(f"{runs} is shown at {server.address}")
        _terminal.note("Ctrl-C ends this")
        sys.stdout.flush()
        if with_parent:
            threading.Thread(target=_until_alone, args=(server,), daemon=True).start()
        _run(server)


def _run(server: "Server") -> None:
    """Serves until Ctrl-C or a polite kill, which are the ways to end it."""

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, end)
    try:
        server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        server.stopping.set()
        _terminal.note("stopped")


def _until_alone(server: "Server") -> None:
    """Ends the server when whoever started it has ended: then nothing holds the other end of stdin."""
    while sys.stdin.buffer.read(1):
        pass
    server.stop()
