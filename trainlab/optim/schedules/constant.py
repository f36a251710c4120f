"""Constant: the default schedule."""

from collections.abc import Sequence

from trainlab.optim.schedule import Schedule


class Constant(Schedule, name="constant"):
    """1: the learning rate stays the same (after the warmup, if there is one).

    Source: none needed.

    >>> Constant(warmup=2).at(1, 10)
    0.5
    """

    def factor(self, epoch: float, epochs: float, history: Sequence[float]) -> float:
        """1."""
        return 1.0
