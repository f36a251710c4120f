"""What somebody who watches a sweep gets to see, and how they stop it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trainlab.search.space import Trial
from trainlab.search.table import Row


@dataclass(frozen=True, slots=True)
class SweepInfo:
    """What is about to run. `done`: the trials that had ended before, in a sweep that is resumed."""

    name: str
    folder: Path
    metric: str
    trials: int
    workers: int
    done: Sequence[Row] = ()


class SweepCallback:
    """Watches nothing; a terminal overrides what it wants to show.

    Raising `stops` to 1 lets the running trials end after their step, to 2 kills them; no further one begins.
    """

    stops: int = 0

    def started(self, plan: SweepInfo) -> None:
        """The first trial is about to begin."""

    def began(self, trial: Trial) -> None:
        """A trial begins."""

    def paused(self, number: int) -> None:
        """A trial has come to a rung and waits for the others."""

    def ended(self, row: Row) -> None:
        """A trial has ended."""

    def revived(self, row: Row) -> None:
        """A trial that had ended as bad is taken up again: it is among the best tenth."""

    def noted(self, text: str) -> None:
        """Something is to be known of the sweep as a whole."""

    def waited(self) -> None:
        """Some time has gone by; called a few times a second."""

    def finished(self) -> None:
        """The sweep has ended, however it did."""
