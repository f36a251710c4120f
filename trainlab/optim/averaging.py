"""Weight averaging: an average over the last steps often generalizes better than the last weights."""

from dataclasses import dataclass

from trainlab.core.types import Array


@dataclass(frozen=True, slots=True)
class Average:
    """average <- d average + (1 - d) theta with d = min(decay, (t - 1) / (t + 8)) after step t = 1, 2, ...

    It covers about the last 1 / (1 - decay) steps, early in the run about a tenth of the steps so far. In the first
    step d is 0, so the initial content of the average has no influence.

    Source: Polyak & Juditsky 1992; the warm start is that of TensorFlow's ExponentialMovingAverage, (1 + n) / (10 + n)
    with n = t - 2.
    """

    decay: float

    def follow(self, average: Array, theta: Array, t: int) -> None:
        """Update average in place after step t (1 is the first)."""
        d = min(self.decay, (t - 1) / (t + 8))
        average += (1 - d) * (theta - average)
