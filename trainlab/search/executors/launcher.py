"""A launcher trains a trial in a process of its own on this machine and waits for its end. Safe to use from threads."""

import os
import sys
from abc import ABC, abstractmethod
from pathlib import Path

from trainlab.search.executors.job import End, Job
from trainlab.store.environment import KNOWN_GIT, git
from trainlab.store.strict_json import dumps

# one thread a trial: the same product has other bits with two, and two trials would fight for the cores
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
GRACE = 10.0  # seconds that a process has to save its state when it is over its time, before it is killed


class Launcher(ABC):
    """Whatever happens to a trial's process (a crash, a kill, no memory) happens to it alone.

    It has a session of its own, so a Ctrl-C reaches the sweep only, which tells its trials in its own time.
    """

    @abstractmethod
    def make_ready(self, job: Job) -> None:
        """Do what can be done before this trial, which will run next, may begin; its folder stays as it is."""

    @abstractmethod
    def run(self, job: Job) -> End:
        """Train the trial, wait, and tell how its process ended."""

    @abstractmethod
    def stop(self, *, kill: bool = False) -> None:
        """Ask every running trial to end after its step, or kill it; those that have not begun never will."""

    @abstractmethod
    def close(self) -> None:
        """Give back what was opened; called when no trial runs any more."""


def environment(folder: Path) -> dict[str, str]:
    """The environment of the trials of the sweep in this folder. Their code is what it was when the sweep began."""
    known = os.environ.get(KNOWN_GIT) or dumps(git(folder))
    return os.environ | dict.fromkeys(THREADS, "1") | {"NO_COLOR": "1", KNOWN_GIT: known}


def can_fork() -> bool:
    """Whether a process that has everything imported can be copied here. Elsewhere forks are slow or unsafe."""
    return sys.platform == "linux"
