"""The option `--weights` of several commands, and what they say of a run whose config was changed."""

from enum import StrEnum
from pathlib import Path

from trainlab.cli import _terminal
from trainlab.store.checksums import CHANGED
from trainlab.store.status import altered


class Weights(StrEnum):
    """The best epoch's, the last step's, or the moving average of the last (runs with train.average)."""

    best = "best"
    last = "last"
    average = "average"


def say_changed(run: str, runs: Path) -> None:
    """A note if the network is built by a config.yaml that trainlab did not write."""
    for path in (Path(run), runs / run):
        for name in altered(path, "config.yaml"):
            _terminal.note(f"{path / name}: {CHANGED}; the network is built by what it says now")
