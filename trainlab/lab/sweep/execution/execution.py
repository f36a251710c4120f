"""The seam between a sweep and whoever trains its trials: jobs go in, futures of their ends come out."""

from abc import ABC, abstractmethod
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from trainlab.lab.sweep.execution.fresh import Fresh
from trainlab.lab.sweep.execution.job import End, Job
from trainlab.lab.sweep.execution.launcher import Launcher
from trainlab.lab.sweep.execution.limits import Limits


class Execution(ABC):
    """Trains trials, at most `workers` of them at once. Used inside a `with` block, whose end waits for all of them."""

    @property
    @abstractmethod
    def workers(self) -> int:
        """How many trials can run at once; it may change while a cluster grows or shrinks."""

    @abstractmethod
    def submit(self, folder: Path, *, resume: bool = False, until: int | None = None) -> "Future[End]":
        """Train the trial in this folder, which holds a config.yaml, and tell how its process ended.

        It goes on from its last checkpoint where it is to `resume`, and stops after epoch `until`, if any.
        The future never raises because of what happens to the trial.
        """

    @abstractmethod
    def stop(self, *, kill: bool = False) -> None:
        """Ask every running trial to end after its step, or kill it; those that have not begun never will."""

    @abstractmethod
    def close(self) -> None:
        """Wait for what runs, and give back what was opened."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is not None:
            self.stop()  # what runs saves its state
        self.close()


class Here(Execution):
    """Processes of this machine, each waited for by a thread."""

    def __init__(self, launcher: Launcher, workers: int) -> None:
        self._launcher, self._workers = launcher, workers
        self._pool = ThreadPoolExecutor(max_workers=workers)

    @property
    def workers(self) -> int:
        """As many as were asked for."""
        return self._workers

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


def opened(folder: Path, limits: Limits, *, workers: int = 1, scheduler: str | None = None) -> Execution:
    """What trains the trials of the sweep in this folder."""
    return Here(Fresh(limits), workers)
