"""Ctrl-C and a polite kill, while something goes on that can end gently."""

import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType

from trainlab.cli import _terminal
from trainlab.cli._progress import Quiet

_ASKED = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def heard(ask: Callable[[], str]) -> Generator[None]:
    """While this lasts, each of the signals calls `ask`, which says what happens now, or raises KeyboardInterrupt.

    Signals are heard by a process's first thread only; in another one nothing changes. What is ignored stays ignored:
    under nohup, or in the background of a script.
    """

    def hear(_number: int, _frame: FrameType | None) -> None:
        _terminal.note(ask())

    asked = _ASKED if current_thread() is main_thread() else ()
    before = {n: signal.signal(n, hear) for n in asked if signal.getsignal(n) not in (signal.SIG_IGN, None)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def stoppable(watcher: Quiet) -> Generator[None]:
    """SIGINT or SIGTERM stops the run after the current step; a second one stops it immediately."""

    def ask() -> str:
        if watcher.stop or not watcher.running:
            raise KeyboardInterrupt
        watcher.stop = True
        return "stopping after this step; once more ends it at once"

    with heard(ask):
        try:
            yield
        finally:
            watcher.close()
