"""Mean absolute error: regression that is robust against outliers."""

from typing import Any

import numpy as np

from trainlab.core.types import Array, Task
from trainlab.nn.loss import LossSlot
from trainlab.nn.losses._numbers import NumberLoss


class MAE(NumberLoss, name="mae"):
    """The mean of |y - t| over rows and outputs; dy = sign(y - t) / numbers. Learns the median, not the mean.

    The gradient does not shrink near the target: lower the learning rate over time.

    Source: Bishop 2006, section 1.5.5 (Minkowski loss, q = 1).
    """

    def each(self, s: LossSlot) -> Array:
        """The mean of |y - t| over the outputs."""
        r = s.y - s.t
        if s.dy is not None:
            s.dy[...] = np.sign(r) / r.shape[1]
        return np.abs(r).mean(axis=1)

    def torch(self, torch: Any, y: Any, t: Any) -> Any:
        """`each` in PyTorch."""
        return (y - t).abs().mean(1)

    def chance(self, t: Array, task: Task) -> float:
        """Mean distance from the median of the targets."""
        return float(np.abs(t - np.median(t, axis=0)).mean())
