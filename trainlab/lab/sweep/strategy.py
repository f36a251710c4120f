"""A strategy chooses the trials of a sweep, as points of the unit cube with a side for each searched setting.

To add one, write one class in one file of `trainlab/lab/sweep/strategies`.
"""

from abc import abstractmethod
from collections.abc import Iterator, Sequence

from trainlab.core.component import Component


class Strategy(Component, kind="strategy", rooms=("trainlab.lab.sweep.strategies",)):
    """From a seed and a trial's number, its point."""

    @abstractmethod
    def points(self, seed: int, trial: int, sides: int) -> Iterator[Sequence[float]]:
        """Points of this trial, endlessly: the first whose settings make a valid config is taken.

        A function of the arguments alone, so neither the number of workers nor a resume changes a trial.
        """
