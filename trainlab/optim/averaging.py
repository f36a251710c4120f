"""Weight averaging: an average of the weights over the last steps, often better than the weights themselves."""

from dataclasses import dataclass

from trainlab.core.types import Array


@dataclass(frozen=True, slots=True)
class Average:
    """average <- d average + (1 - d) theta with d = min(decay, (t - 1) / (t + 8)) after step t = 1, 2, ...

    Reaches back about 1 / (1 - decay) steps; early in the run about a tenth of the steps done. As d is 0 in the first
    step, whatever was in the average before does not count, and the shares of all thetas sum to 1.

    Source: Polyak & Juditsky 1992; the warm start is that of TensorFlow's ExponentialMovingAverage, (1 + n) / (10 + n)
    with n = t - 2.
    """

    decay: float

    def follow(self, average: Array, theta: Array, t: int) -> None:
        """Update average in place after step t (1 is the first)."""
        d = min(self.decay, (t - 1) / (t + 8))
        average += (1 - d) * (theta - average)
