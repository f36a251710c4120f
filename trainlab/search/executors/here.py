"""Trials as processes of this machine."""

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from trainlab.search.executors.execution import Execution
from trainlab.search.executors.job import End, Job
from trainlab.search.executors.launcher import Launcher
from trainlab.search.executors.presence import Presence


class Here(Execution):
    """Processes of this machine, each waited for by a thread."""

    def __init__(self, launcher: Launcher, workers: int, presence: Presence) -> None:
        self._launcher, self._workers, self._presence = launcher, workers, presence
        self._pool = ThreadPoolExecutor(max_workers=workers)

    @property
    def workers(self) -> int:
        """As many as were asked for."""
        return self._workers

    def make_ready(self, folder: Path, *, resume: bool = False, until: int | None = None) -> None:
        """By the launcher."""
        self._launcher.make_ready(Job(folder, resume, until))

    def submit(self, folder: Path, *, resume: bool = False, until: int | None = None) -> "Future[End]":
        """Train it as soon as a thread is free."""
        return self._pool.submit(self._launcher.run, Job(folder, resume, until))

    def stop(self, *, kill: bool = False) -> None:
        """Signal the processes."""
        self._launcher.stop(kill=kill)

    def close(self) -> None:
        """Wait for the threads."""
        try:
            self._pool.shutdown()
        finally:
            self._launcher.close()
            self._presence.close()
