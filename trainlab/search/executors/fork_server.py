"""The fork server: a process that has imported everything once, and whose copies train the trials.

A copy costs some milliseconds where a fresh Python costs a second. It is still a process and a session of its own: a
crash or a kill hits it alone. The server itself has one thread (so a copy is whole), and does nothing but to copy
itself, to wait, and to end what is over its time.

It is spoken to in lines of JSON over a socket. In: `{"id", "folder", "resume", "until", "seconds", "bytes"}` trains a
trial; with `"wait"`, the copy is made, and begins when the same is asked for without; `{"signal"}` is sent to all of
them. Out: `{"ready"}` once, `{"id", "code", "late"}` at a trial's end. A copy that has come to its end says so before
its memory is given back, which takes milliseconds. When the other side closes, however it ended, the trials are asked
to save their state, and the server waits for them and ends.
"""

import ctypes
import gc
import json
import os
import selectors
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, NoReturn

from trainlab.search.executors.job import Job
from trainlab.search.executors.launcher import GRACE

_STOPS = (signal.SIGINT, signal.SIGTERM)
_PR_SET_PDEATHSIG = 1  # from linux/prctl.h

# What a copy does, and gives its exit code: whatever can be done ahead, then it waits for its word, then the rest.
Work = Callable[[Callable[[], None]], int]
Begin = Callable[[Job], Work]  # makes it ready in the server; never raises


@dataclass(slots=True)
class _Copy:
    """A process for a trial. `line`: there it is told to begin, and from there comes its exit code.

    begun: whether it was; told: whether its end was passed on; due: when it is asked to end, then when it is killed.
    """

    id: int
    line: socket.socket
    begun: bool = False
    told: bool = False
    late: bool = False
    due: float | None = None

    def begin(self, seconds: float | None) -> bool:
        """Let it train, for so long at most; false if it was killed while it waited."""
        try:
            self.line.send(b"!")
        except OSError:
            return False
        self.begun = True
        self.due = monotonic() + seconds if seconds else None
        return True


@dataclass(slots=True)
class _Server:
    channel: socket.socket
    begin: Begin
    copies: dict[int, _Copy] = field(default_factory=dict[int, _Copy])  # by their process ids
    selector: selectors.DefaultSelector = field(default_factory=selectors.DefaultSelector)
    unread: bytes = b""
    open: bool = True
    warm: bool = False

    def serve(self) -> None:
        """Work until the other side has gone and the last trial has ended."""
        woken, wake = socket.socketpair()
        for end in (woken, wake):
            end.setblocking(False)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _heard)  # only so that the wake-up is written
        with self.selector as selector:
            selector.register(woken, selectors.EVENT_READ)
            selector.register(self.channel, selectors.EVENT_READ)
            while self.open or self.copies:
                for key, _ in selector.select(self._pause()):
                    if key.fileobj is woken:
                        with suppress(BlockingIOError):
                            woken.recv(4096)
                    elif isinstance(key.data, _Copy):
                        self._hear(key.data)
                    elif not self._listen():
                        selector.unregister(self.channel)
                self._reap()
                self._hurry()

    def _pause(self) -> float | None:
        """Seconds until a trial's time is up."""
        dues = [copy.due for copy in self.copies.values() if copy.due is not None]
        return max(0.0, min(dues) - monotonic()) if dues else None

    def _listen(self) -> bool:
        """Do what is asked; false when nobody will ask any more."""
        try:
            data = self.channel.recv(1 << 16)
        except ConnectionError:
            data = b""
        *lines, self.unread = (self.unread + data).split(b"\n")
        for line in lines:
            self._do(json.loads(line))
        if not data:
            self.open = False
            self._signal(signal.SIGTERM)
        return bool(data)

    def _do(self, asked: dict[str, Any]) -> None:
        if "signal" in asked:
            self._signal(asked["signal"])
            return
        made = [copy for copy in self.copies.values() if copy.id == asked["id"]]
        if any(copy.begin(asked["seconds"]) for copy in made):
            return
        copy = self._copied(asked)
        if copy and not asked.get("wait"):
            copy.begin(asked["seconds"])

    def _copied(self, asked: dict[str, Any]) -> _Copy | None:
        """A copy of this process that waits until it may begin; None, and the asker told, if the system refuses."""
        job = Job(Path(asked["folder"]), asked["resume"], asked["until"])
        work = self.begin(job)
        if not self.warm:
            self.warm = True
            gc.collect()
            gc.freeze()  # a collection in a copy would touch, and so copy, every page
            self._tell({"ready": True})
        server, (ours, theirs) = os.getpid(), socket.socketpair()
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)  # a copy that is asked to stop at its birth must hear it
        try:
            pid = os.fork()
        except OSError as error:
            ours.close()
            if not asked.get("wait"):
                self._tell({"id": asked["id"], "code": 1, "words": f"cannot start a process: {error.strerror}"})
            return None
        finally:
            if os.getpid() == server:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
                theirs.close()
        if pid == 0:
            self._become(work, theirs, job.words, asked["bytes"], server)
        copy = self.copies[pid] = _Copy(asked["id"], ours)
        self.selector.register(ours, selectors.EVENT_READ, copy)
        return copy

    def _signal(self, number: int) -> None:
        for pid in self.copies:
            os.kill(pid, number)  # not waited for yet, so the number is still its own

    def _hear(self, copy: _Copy) -> None:
        """Take a copy's exit code from its line; nothing comes from one that was killed."""
        with suppress(ConnectionError):
            if code := copy.line.recv(1):
                self._over(copy, code[0])
        self.selector.unregister(copy.line)
        copy.line.close()

    def _reap(self) -> None:
        """Bury the processes that have ended, and tell of those that could not do so themselves."""
        for pid in list(self.copies):
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                copy = self.copies.pop(pid)
                if copy.line.fileno() >= 0:
                    self._hear(copy)
                self._over(copy, os.waitstatus_to_exitcode(status))

    def _over(self, copy: _Copy, code: int) -> None:
        """Tell of a trial's end, once; there is none of a copy that never began."""
        if copy.begun and not copy.told:
            copy.told, copy.due = True, None
            self._tell({"id": copy.id, "code": code, "late": copy.late})

    def _hurry(self) -> None:
        """Ask trials that are over their time to end, and kill those that do not."""
        for pid, copy in self.copies.items():
            if copy.due is not None and monotonic() >= copy.due:
                os.kill(pid, signal.SIGKILL if copy.late else signal.SIGTERM)
                copy.late, copy.due = True, monotonic() + GRACE

    def _tell(self, what: dict[str, Any]) -> None:
        with suppress(ConnectionError):
            self.channel.sendall(json.dumps(what).encode() + b"\n")

    def _become(self, work: Work, line: socket.socket, words: Path, room: int | None, server: int) -> NoReturn:
        """In the copy: a process like any other, that trains one trial and ends."""
        code = 1
        try:
            os.setsid()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
            self.channel.close()
            _die_with(server)
            _redirect(os.devnull)
            if room:
                import resource

                resource.setrlimit(resource.RLIMIT_DATA, (room, room))

            def wait() -> None:
                line.recv(1)
                _redirect(words)

            code = work(wait)
        finally:
            with suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
                line.send(bytes([code & 0xFF]))
            os._exit(code)  # no `finally` of the server's runs twice


def serve(channel: socket.socket, begin: Begin) -> None:
    """Train what is asked for, each in a copy; what `begin` does is done before the copy is made, in this process."""
    for number in _STOPS:
        signal.signal(number, signal.SIG_IGN)  # it goes when the sweep goes
    _Server(channel, begin).serve()


def _heard(_: int, __: object) -> None:
    """A signal has come; that it woke the loop is all that it is for."""


def _die_with(server: int) -> None:
    """From here on this process is killed when the server is: nobody would learn how its trial ended."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != server:
        os._exit(1)


def _redirect(words: Path | str) -> None:
    """Nothing comes in, nothing goes out but the error output, into this file."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    errors = os.open(words, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    for handle, number in ((nowhere, 0), (nowhere, 1), (errors, 2)):
        os.dup2(handle, number)
    os.close(nowhere)
    os.close(errors)
