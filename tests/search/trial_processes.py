"""What tests of trials in processes share: a trial that never ends, and what is seen of those that run."""

import time
from pathlib import Path

from tiny_sweep import TRIAL

from trainlab.store.status import read_status

LONG = TRIAL.replace("epochs: 2", "epochs: 1000000")


def wait_for(true, seconds: float = 30.0) -> None:
    """Until something is true."""
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert true()


def trained(folder: Path, epochs: int = 3):
    """Whether a trial has trained so many epochs already."""
    path = folder / "metrics.csv"
    return lambda: path.exists() and path.read_text().count("\n") > epochs


def pid_of(folder: Path) -> int:
    """The process that trains there."""
    return read_status(folder / "status.json").pid
