"""Exponential: the rate changes by the same factor in every epoch."""

from collections.abc import Sequence

from trainlab.core.component import setting
from trainlab.optim.schedule import Schedule


class Exponential(Schedule, name="exponential"):
    """decay ^ epoch, changing at every step. With a decay above 1 the rate grows, and training soon diverges.

    Source: CS231n, "Neural Networks Part 3", exponential decay; torch's ExponentialLR.

    >>> Exponential(decay=0.5).at(3, 10)
    0.125
    """

    decay: float = setting(0.95, "factor per epoch", gt=0, search={"uniform": [0.8, 1.0]})

    def factor(self, epoch: float, epochs: float, history: Sequence[float]) -> float:
        """decay ^ epoch."""
        return self.decay**epoch
