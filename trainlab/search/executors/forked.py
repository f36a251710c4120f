"""A copy of a warm process per trial: it costs some milliseconds instead of a start of Python. See `fork_server`."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import count
from tempfile import TemporaryFile
from threading import Lock, Thread
from time import monotonic, sleep
from typing import Any

from trainlab.core.errors import UserError
from trainlab.search.executors.job import End, Job, last_words
from trainlab.search.executors.launcher import Launcher
from trainlab.search.executors.limits import Limits
from trainlab.store.reading import RunRecord
from trainlab.store.writing import named_errors

_PATIENCE = 10  # servers that may die under one trial before it is given up
_STARTS = 3  # servers that may die before they are ready
_LAST = 1 << 13  # bytes of a dead server's output that are looked at
_SETTLES = 30.0  # seconds within which a dead server's copies have ended
_LOOK = 0.02


@dataclass(frozen=True, slots=True)
class _Lost:
    """The answer of a server that died: its last words, and whether it had been able to start trials."""

    words: str
    ready: bool


Answer = Future[dict[str, Any] | _Lost]  # how the trial ended


class Forked(Launcher):
    """Asks a fork server for each trial; one that dies is replaced, and its trials go on from their checkpoints.

    `surroundings`: environment variables; `inherited`: handles that the server and its copies keep open;
    `cwd`: the folder that they work in.
    """

    def __init__(
        self, limits: Limits, surroundings: Mapping[str, str], inherited: Sequence[int] = (), cwd: str | None = None
    ) -> None:
        self._limits = limits
        self._start = partial(_Connection, surroundings, inherited, cwd)
        self._lock = Lock()
        self._server: _Connection | None = None
        self._stopped = False

    def make_ready(self, job: Job) -> None:
        """Have a copy made that waits for its word; not before there is a server, which the first trial starts."""
        with self._lock:
            if self._server and not self._server.gone and not self._stopped:
                self._server.make_ready(self._asking(job))

    def run(self, job: Job) -> End:
        """Have it trained by a copy, and by another one if its server dies."""
        lost: list[_Lost] = []
        while len(lost) < _PATIENCE:
            with named_errors(job.words, "write"):
                job.words.touch()  # a folder that cannot be written to is told of here
            answer = self._asked(job)
            if answer is None:
                return End(-signal.SIGTERM)
            result = answer.result()
            if not isinstance(result, _Lost):
                return self._end(job, result)
            lost.append(result)
            if sum(not one.ready for one in lost) >= _STARTS:
                raise UserError(f"trials cannot be started: {result.words or 'the process that starts them died'}")
            known = once_more(job)
            if isinstance(known, End):
                return known
            job = known
        return End(1, f"the process that starts trials died {_PATIENCE} times; --fresh does without it")

    def stop(self, *, kill: bool = False) -> None:
        """Have every copy signalled."""
        with self._lock:
            self._stopped = True
            if self._server:
                self._server.tell({"signal": int(signal.SIGKILL if kill else signal.SIGTERM)})

    def close(self) -> None:
        """End the server."""
        with self._lock:
            if self._server:
                self._server.close()
                self._server = None

    def _asked(self, job: Job) -> "Answer | None":
        """The answer to come; None if nothing may begin any more."""
        with self._lock:
            if self._stopped:
                return None
            if self._server and self._server.gone:
                self._server.close()
                self._server = None
            self._server = self._server or self._start()
            return self._server.ask(self._asking(job))

    def _asking(self, job: Job) -> dict[str, Any]:
        limits = {"seconds": self._limits.seconds, "bytes": self._limits.bytes}
        return {"folder": str(job.folder), "resume": job.resume, "until": job.until, **limits}

    def _end(self, job: Job, result: dict[str, Any]) -> End:
        words = last_words(job.words) or result.get("words", "")
        if result.get("late"):
            return End(result["code"], words, self._limits.too_long())
        return End(result["code"], words, self._limits.passed(result["code"], words))


def once_more(job: Job) -> Job | End:
    """What is left of a trial whose process died with whoever waited for it: its end, or the rest of the work."""
    deadline = monotonic() + _SETTLES
    while (state := (record := RunRecord(job.folder, job.folder.name)).state) == "running":
        if monotonic() > deadline:
            state = "killed"  # its machine is gone; if it is not, the lock of the folder tells
            break
        sleep(_LOOK)
    status = record.status
    if status and state in ("finished", "diverged", "failed"):
        return End(status.exit_code or 0, status.reason)
    return Job(job.folder, job.resume or state in ("interrupted", "killed"), job.until)


class _Connection:
    """A running server: questions go in, the thread that listens gives each its answer."""

    def __init__(self, surroundings: Mapping[str, str], inherited: Sequence[int], cwd: str | None) -> None:
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "trainlab", "trial-server", str(theirs.fileno())]
        self._errors = TemporaryFile()  # noqa: SIM115 - closed by `close`
        with theirs:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                env=surroundings,
                cwd=cwd,
                pass_fds=[theirs.fileno(), *inherited],
                start_new_session=True,
            )
        self._channel = ours
        self._lock = Lock()
        self._waiting: dict[int, Answer] = {}
        self._made: list[tuple[int, dict[str, Any]]] = []  # copies that wait for their word: numbers, and for what
        self._numbers = count(1)
        self.gone = self._ready = False
        self._listener = Thread(target=self._listen, name="fork-server", daemon=True)
        self._listener.start()

    def make_ready(self, what: dict[str, Any]) -> None:
        """Have the copy made that will be asked for this."""
        self._made.append((next(self._numbers), what))
        self.tell(what | {"id": self._made[-1][0], "wait": True})

    def ask(self, what: dict[str, Any]) -> "Answer":
        """The future of an answer."""
        answer: Answer = Future()
        made = next((one for one in self._made if one[1] == what), None)
        if made:
            self._made.remove(made)
        with self._lock:
            number = made[0] if made else next(self._numbers)
            self._waiting[number] = answer
        if not self.tell(what | {"id": number}) or self.gone:
            self._forget()
        return answer

    def tell(self, what: dict[str, Any]) -> bool:
        """Say something; false if nobody hears it."""
        try:
            self._channel.sendall(json.dumps(what).encode() + b"\n")
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Let the server end, and wait for it."""
        with suppress(OSError):
            self._channel.shutdown(socket.SHUT_WR)
        self._process.wait()
        self._listener.join()
        self._channel.close()
        self._errors.close()

    def _listen(self) -> None:
        with suppress(OSError), self._channel.makefile("rb") as lines:
            for line in lines:
                answer = json.loads(line)
                if "ready" in answer:
                    self._ready = True
                    continue
                with self._lock:
                    asked = self._waiting.pop(answer["id"], None)
                if asked:
                    asked.set_result(answer)
        self.gone = True
        self._process.wait()
        self._forget()

    def _forget(self) -> None:
        """Nothing will be answered any more."""
        with self._lock:
            waiting, self._waiting = list(self._waiting.values()), {}
        for answer in waiting:
            answer.set_result(_Lost(self._last_words(), self._ready))

    def _last_words(self) -> str:
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - _LAST))
        text = self._errors.read().decode(errors="replace").strip()
        return text.splitlines()[-1] if text else ""
