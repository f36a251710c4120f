"""Ctrl-C (SIGINT) and SIGTERM during work that can stop gently."""

import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType
from typing import TypeVar

from trainlab.cli import _terminal
from trainlab.cli._progress import Quiet
from trainlab.cli._sweep_progress import Quiet as QuietSweep

Q = TypeVar("Q", bound=QuietSweep)
_ASKED = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def on_signal(ask: Callable[[str], str]) -> Generator[None]:
    """Inside the block each of the signals calls `ask` with its name (`Ctrl-C` or `SIGTERM`).

    `ask` returns a message to print, or raises KeyboardInterrupt.

    Only the main thread of a process can handle signals; in other threads nothing changes. Ignored signals stay
    ignored, as under nohup or in the background of a script.
    """

    def handle(number: int, _frame: FrameType | None) -> None:
        _terminal.note(ask("Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name))

    asked = _ASKED if current_thread() is main_thread() else ()
    before = {n: signal.signal(n, handle) for n in asked if signal.getsignal(n) not in (signal.SIG_IGN, None)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def stoppable(progress: Quiet) -> Generator[None]:
    """SIGINT or SIGTERM stops the run after the current step; a second one stops it immediately."""

    def ask(signal_name: str) -> str:
        if progress.stop_reason or not progress.running:
            raise KeyboardInterrupt
        progress.request_stop(f"stopped by {signal_name}")
        return f"stopping after this step; a second {signal_name} stops immediately"

    with on_signal(ask):
        try:
            yield
        finally:
            progress.close()


@contextmanager
def sweep_stoppable(callback: Q) -> Generator[Q]:
    """In the block, Ctrl-C or SIGTERM stops the sweep after its trials' steps, and a second one kills its trials."""

    def ask(_: str) -> str:
        if not callback.running or callback.stops > 1:
            raise KeyboardInterrupt
        callback.request_stop()
        if callback.stops > 1:
            return "killing the running trials"
        return "stopping: the running trials save their state (Ctrl-C again kills them)"

    with on_signal(ask):
        try:
            yield callback
        finally:
            callback.on_sweep_end()
