"""A fresh process per trial: `python -m trainlab train ...`, wherever Python runs. It costs a start of Python each."""

import signal
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from threading import Lock
from typing import BinaryIO

from trainlab.search.executors.job import End, Job, last_words
from trainlab.search.executors.launcher import GRACE, Launcher
from trainlab.search.executors.limits import Limits
from trainlab.store.writing import named_errors


class Fresh(Launcher):
    """Starts Python anew for each trial.

    `surroundings`: environment variables; `inherited`: handles that each process keeps open; `cwd`: its folder.
    """

    def __init__(
        self, limits: Limits, surroundings: Mapping[str, str], inherited: Sequence[int] = (), cwd: str | None = None
    ) -> None:
        self._limits, self._surroundings, self._inherited, self._cwd = limits, surroundings, inherited, cwd
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = Lock()
        self._stopped = False

    def make_ready(self, job: Job) -> None:
        """Nothing: a second Python that starts would slow down the one that trains."""

    def run(self, job: Job) -> End:
        """Start the trial's process and wait for it."""
        command = [sys.executable, "-m", "trainlab", *job.arguments]
        with named_errors(job.words, "write"), job.words.open("wb") as errors, self._started(command, errors) as child:
            code, late = self._waited(child) if child else (-signal.SIGTERM, False)
        words = last_words(job.words)
        return End(code, words, self._limits.too_long() if late else self._limits.passed(code, words))

    def stop(self, *, kill: bool = False) -> None:
        """Signal every process."""
        with self._lock:
            self._stopped = True
            for child in self._running:
                with suppress(ProcessLookupError):
                    child.kill() if kill else child.terminate()

    def close(self) -> None:
        """Nothing was opened."""

    def _waited(self, child: "subprocess.Popen[bytes]") -> tuple[int, bool]:
        """The exit code, and whether the process was ended for its time."""
        try:
            return child.wait(self._limits.seconds), False
        except subprocess.TimeoutExpired:
            child.terminate()
        try:
            return child.wait(GRACE), True
        except subprocess.TimeoutExpired:
            child.kill()
        return child.wait(), True

    @contextmanager
    def _started(self, command: list[str], errors: BinaryIO) -> "Generator[subprocess.Popen[bytes] | None]":
        nowhere = subprocess.DEVNULL
        with self._lock:
            if self._stopped:
                child = None
            else:
                child = subprocess.Popen(
                    command,
                    stdin=nowhere,
                    stdout=nowhere,
                    stderr=errors,
                    env=self._surroundings,
                    cwd=self._cwd,
                    pass_fds=self._inherited,
                    start_new_session=True,
                )
                self._running.add(child)
                limit_memory(child.pid, self._limits)
        try:
            yield child
        finally:
            if child:
                with self._lock:
                    self._running.discard(child)


def limit_memory(pid: int, limits: Limits) -> None:
    """From here on the process gets no more memory of its own than it may have, where the system can see to it."""
    if limits.bytes is None or sys.platform != "linux":
        return
    import resource

    with suppress(ProcessLookupError):
        resource.prlimit(pid, resource.RLIMIT_DATA, (limits.bytes, limits.bytes))
