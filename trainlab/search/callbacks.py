"""Callbacks of a sweep: what they are called with, and how they stop it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trainlab.search.space import Trial
from trainlab.search.table import Row


@dataclass(frozen=True, slots=True)
class SweepInfo:
    """The sweep that begins. `done`: the trials that ended in earlier sessions of a resumed sweep."""

    name: str
    folder: Path
    metric: str
    trials: int
    workers: int
    done: Sequence[Row] = ()


class SweepCallback:
    """Does nothing; override what you need."""

    def __init__(self) -> None:
        self._stops = 0
        self.closed = False  # no further trial begins, but those that run go on to their end

    @property
    def stops(self) -> int:
        """How often a stop was requested."""
        return self._stops

    def request_stop(self) -> None:
        """End the running trials after their step; a second request kills them. No further trial begins."""
        self._stops += 1

    def on_sweep_begin(self, info: SweepInfo) -> None:
        """The first trial is about to begin."""

    def on_trial_begin(self, trial: Trial) -> None:
        """A trial begins."""

    def on_trial_pause(self, number: int) -> None:
        """A trial has reached a rung and waits for the others."""

    def on_trial_end(self, row: Row) -> None:
        """A trial has ended."""

    def on_trial_rescued(self, row: Row) -> None:
        """A trial that was stopped as bad continues, because it is among the best tenth."""

    def on_note(self, text: str) -> None:
        """Something about the sweep as a whole that its user should know."""

    def on_poll(self) -> None:
        """Called about ten times a second while trials run."""

    def on_sweep_end(self) -> None:
        """The sweep has ended, also after an error."""
