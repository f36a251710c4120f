"""What a signal does: Ctrl-C (SIGINT), SIGTERM, and SIGHUP, which a closed terminal sends.

Python runs a signal handler between two of its own instructions only, so a long call of a C library delays it: a large
step, an evaluation, the reading of a large file. Inside `attentive` a thread answers in the handler's place when the
handler does not come. (It cannot where the call also keeps Python's lock.)
"""

import os
import select
import signal
import stat
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from math import inf
from threading import RLock, Thread, Timer, current_thread, main_thread
from time import monotonic
from types import FrameType
from typing import ClassVar

from trainlab.core.errors import Stopped, signal_name

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_PATIENCE = 0.25  # seconds until the thread answers in the handler's place
_GRACE = 10.0  # seconds in which a program that a signal ends may close its files
_HEARD, _ENDING = 0, 128  # what a handler writes behind a signal: that it has come; with the number, that this ends all


def write(text: str) -> None:
    """Write a message to stderr, if it takes one now."""
    with suppress(OSError, ValueError):
        if select.select([], [2], [], 0)[1]:
            os.write(2, f"{text}\n".encode())


@contextmanager
def on_signal(ask: Callable[[str], str], tell: Callable[[str], object] = write) -> Generator[None]:
    """Inside the block each of the signals calls `ask` with its name (`Ctrl-C` or `SIGTERM`).

    `ask` returns a message, which `tell` prints unless it is empty, or raises KeyboardInterrupt; then the block ends
    with `Stopped`.

    Only the main thread of a process can handle signals; in other threads nothing changes. Ignored signals stay
    ignored, as under nohup or in the background of a script.
    """
    asked = SIGNALS if current_thread() is main_thread() else ()
    handler = _Handler(ask, tell)
    before = {n: signal.signal(n, handler) for n in asked if signal.getsignal(n) not in (signal.SIG_IGN, None)}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


@contextmanager
def attentive() -> Generator[None]:
    """Answer signals within a second inside the block, even while a call of a C library goes on.

    The interpreter writes the number of each signal into a pipe as soon as it comes. For the command line only: other
    programs may need this pipe for an event loop of their own.
    """
    if os.name != "posix":  # there it would have to be a socket
        yield
        return
    reads, writes = os.pipe()
    os.set_blocking(writes, False)
    before, _Handler.marks = signal.set_wakeup_fd(writes, warn_on_full_buffer=False), writes
    hook, sys.unraisablehook = sys.unraisablehook, _raise_again
    os.register_at_fork(after_in_child=_forget)  # or the signals of a library's processes would count as ours
    Thread(target=_listen, args=(reads,), daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        _Handler.marks, sys.unraisablehook = None, hook
        os.close(writes)  # the thread ends


def end(_: str) -> str:
    """Answer a signal by ending the program."""
    raise KeyboardInterrupt


class _Handler:
    """A signal handler that a thread can stand in for.

    marks: the pipe of `attentive`, if there is one: a process has one for all its handlers.
    """

    marks: ClassVar[int | None] = None

    def __init__(self, ask: Callable[[str], str], tell: Callable[[str], object]) -> None:
        self._ask, self._tell = ask, tell
        self._lock, self._taken = RLock(), False  # taken: the thread has answered, the handler need not

    def __call__(self, number: int, frame: FrameType | None = None) -> None:
        with self._lock:
            taken, self._taken = self._taken, False
            self._mark(_HEARD)
        if taken:
            return
        try:
            message = self._answer(number)
        except KeyboardInterrupt:
            self._mark(_ENDING + number)
            raise Stopped(number) from None
        if message:
            self._tell(message)

    def stand_in(self, number: int, reads: int) -> None:
        """Answer unless the handler has come meanwhile. Does not return if the answer is to end the program."""
        with self._lock:
            if _ready(reads, 0):
                return
            self._taken = True
        try:
            message = self._answer(number)
        except KeyboardInterrupt:
            write("interrupted" if number == signal.SIGINT else str(Stopped(number)))
            os._exit(Stopped(number).exit_code)
        if message:
            write(message)

    def _answer(self, number: int) -> str:
        if number == getattr(signal, "SIGHUP", None):
            _leave_terminal()
        return self._ask(signal_name(number))

    def _mark(self, byte: int) -> None:
        if self.marks is not None:
            with suppress(BlockingIOError):
                os.write(self.marks, bytes([byte]))


def _raise_again(lost: "sys.UnraisableHookArgs") -> None:
    """Send a signal once more whose exception came where Python drops it: in a callback of its garbage collection."""
    if isinstance(lost.exc_value, Stopped):
        Timer(_PATIENCE, signal.raise_signal, [lost.exc_value.number]).start()
    else:
        sys.__unraisablehook__(lost)


def _forget() -> None:
    """Write into the pipe no more."""
    _Handler.marks = None
    with suppress(ValueError):
        signal.set_wakeup_fd(-1)


def _listen(reads: int) -> None:
    """Answer the signals that no handler answers in time, and end the program if a handler could not."""
    deadline, code = inf, 0
    while _ready(reads, deadline - monotonic()):
        if not (byte := os.read(reads, 1)):
            os.close(reads)
            return
        number = byte[0]
        if number > _ENDING:
            deadline, code = min(deadline, monotonic() + _GRACE), number
        elif number != _HEARD and not _ready(reads, _PATIENCE):
            handler = signal.getsignal(number)
            if isinstance(handler, _Handler):
                handler.stand_in(number, reads)
    os._exit(code)  # the exception got lost, or what closes the files waits for something


def _ready(reads: int, seconds: float) -> bool:
    """Whether there is something to read, or will be in so many seconds."""
    return bool(select.select([reads], [], [], None if seconds == inf else max(0.0, seconds))[0])


def _leave_terminal() -> None:
    """Discard what is still written to a terminal that is gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        with suppress(OSError):
            if stat.S_ISCHR(os.fstat(number).st_mode) and not os.isatty(number):
                os.dup2(nowhere, number)
    os.close(nowhere)
