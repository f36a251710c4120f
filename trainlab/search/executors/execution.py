"""The seam between a sweep and whoever trains its trials: jobs go in, futures of their ends come out."""

from abc import ABC, abstractmethod
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Self

from trainlab.search.executors.job import End


class Execution(ABC):
    """Trains trials, at most `workers` of them at once. Used inside a `with` block, whose end waits for all of them."""

    @property
    @abstractmethod
    def workers(self) -> int:
        """How many trials can run at once; it may change while a cluster grows or shrinks."""

    @abstractmethod
    def make_ready(self, folder: Path, *, resume: bool = False, until: int | None = None) -> None:
        """What will be submitted next: what can be done ahead is done while other trials run."""

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
