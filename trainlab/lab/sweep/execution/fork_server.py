"""The fork server: a process that has imported everything once, and whose copies train the trials.

A copy costs some milliseconds where a fresh Python costs a second. It is still a process and a session of its own: a
crash or a kill hits it alone. The server itself has one thread (so a copy is whole), and does nothing but to copy
itself, to wait, and to end what is over its time.

It is spoken to in lines of JSON over a socket. In: `{"id", "folder", "resume", "until", "seconds", "bytes"}` trains a
trial, `{"signal"}` is sent to all of them. Out: `{"ready"}` once, `{"id", "code", "late"}` at a trial's end. When the
other side closes, however it ended, the trials are asked to save their state, and the server waits for them and ends.
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

from trainlab.lab.sweep.execution.job import Job
from trainlab.lab.sweep.execution.launcher import GRACE

_STOPS = (signal.SIGINT, signal.SIGTERM)
_PR_SET_PDEATHSIG = 1  # from linux/prctl.h

Begin = Callable[[Job], Callable[[], int]]  # makes ready what a copy is to do, which gives its exit code; never raises


@dataclass(slots=True)
class _Copy:
    """A trial that is being trained. `due`: when it is asked to end, then when it is killed."""

    id: int
    due: float | None
    late: bool = False


@dataclass(slots=True)
class _Server:
    channel: socket.socket
    begin: Begin
    copies: dict[int, _Copy] = field(default_factory=dict[int, _Copy])
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
        with selectors.DefaultSelector() as selector:
            selector.register(woken, selectors.EVENT_READ)
            selector.register(self.channel, selectors.EVENT_READ)
            while self.open or self.copies:
                for key, _ in selector.select(self._pause()):
                    if key.fileobj is woken:
                        with suppress(BlockingIOError):
                            woken.recv(4096)
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
        job = Job(Path(asked["folder"]), asked["resume"], asked["until"])
        work = self.begin(job)
        if not self.warm:
            self.warm = True
            gc.collect()
            gc.freeze()  # a collection in a copy would touch, and so copy, every page
            self._tell({"ready": True})
        server = os.getpid()
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)  # a copy that is asked to stop at its birth must hear it
        try:
            pid = os.fork()
        except OSError as error:
            self._tell({"id": asked["id"], "code": 1, "words": f"cannot start a process: {error.strerror}"})
            return
        finally:
            if os.getpid() == server:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
        if pid == 0:
            self._become(work, job.words, asked["bytes"], server)
        self.copies[pid] = _Copy(asked["id"], monotonic() + asked["seconds"] if asked["seconds"] else None)

    def _signal(self, number: int) -> None:
        for pid in self.copies:
            os.kill(pid, number)  # not waited for yet, so the number is still its own

    def _reap(self) -> None:
        """Tell of all trials that have ended."""
        for pid in list(self.copies):
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                copy = self.copies.pop(pid)
                self._tell({"id": copy.id, "code": os.waitstatus_to_exitcode(status), "late": copy.late})

    def _hurry(self) -> None:
        """Ask trials that are over their time to end, and kill those that do not."""
        for pid, copy in self.copies.items():
            if copy.due is not None and monotonic() >= copy.due:
                os.kill(pid, signal.SIGKILL if copy.late else signal.SIGTERM)
                copy.late, copy.due = True, monotonic() + GRACE

    def _tell(self, what: dict[str, Any]) -> None:
        with suppress(ConnectionError):
            self.channel.sendall(json.dumps(what).encode() + b"\n")

    def _become(self, work: Callable[[], int], words: Path, room: int | None, server: int) -> NoReturn:
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
            _redirect(words)
            if room:
                import resource

                resource.setrlimit(resource.RLIMIT_DATA, (room, room))
            code = work()
        finally:
            with suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)  # no `finally` of the server's runs twice


def serve(channel: socket.socket, begin: Begin) -> None:
    """Train what is asked for, each in a copy; what `begin` does is done before the copy is made, in this process."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # it goes when the sweep goes
    _Server(channel, begin).serve()


def _heard(_: int, __: object) -> None:
    """A signal has come; that it woke the loop is all that it is for."""


def _die_with(server: int) -> None:
    """From here on this process is killed when the server is: nobody would learn how its trial ended."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != server:
        os._exit(1)


def _redirect(words: Path) -> None:
    """Nothing comes in, nothing goes out but the error output, into this file."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    errors = os.open(words, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    for handle, number in ((nowhere, 0), (nowhere, 1), (errors, 2)):
        os.dup2(handle, number)
    os.close(nowhere)
    os.close(errors)
