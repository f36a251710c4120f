"""The seam between a sweep and what trains its trials: jobs go in, futures of their exit status come out."""

from abc import ABC, abstractmethod
from concurrent.futures import Future
from types import TracebackType
from typing import Self

from trainlab.search.executors.job import ExitStatus, Job


class TrialExecutor(ABC):
    """Trains trials, at most `workers` of them at once. Used in a `with` block, whose end waits for all of them."""

    @property
    @abstractmethod
    def workers(self) -> int:
        """How many trials can run at once; it may change while a cluster grows or shrinks."""

    @abstractmethod
    def submit(self, job: Job) -> "Future[ExitStatus]":
        """Train a trial. The future raises only if no trial can be trained at all."""

    @abstractmethod
    def stop(self, *, kill: bool = False) -> None:
        """Ask every running trial to end after its step, or kill it; no further trial begins."""

    @abstractmethod
    def close(self) -> None:
        """Wait for the running trials and end the workers."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is not None:
            self.stop()  # running trials save their state
        self.close()
