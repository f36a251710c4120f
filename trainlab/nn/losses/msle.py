"""Mean squared logarithmic error: relative errors of numbers that are 0 or more."""

from typing import Any

import numpy as np

from trainlab.core.types import Array, Task
from trainlab.nn.loss import LossSlot
from trainlab.nn.losses._numbers import NumberLoss
from trainlab.nn.losses.poisson import positive


class MSLE(NumberLoss, name="msle"):
    """The mean of (log(1 + y) - log(1 + t))^2: 10 instead of 5 costs about as much as 1000 instead of 500.

    Outputs below 0 count as 0, and pass no gradient. The targets must be 0 or more: leave out `scale_target`.

    Source: Keras, `losses.MeanSquaredLogarithmicError`; scikit-learn's mean_squared_log_error.
    """

    def encode(self, y: Array, task: Task) -> Array:
        """Numbers (n, k). Raises UserError for negative ones."""
        return positive(y, self.name)

    def each(self, s: LossSlot) -> Array:
        """The mean of r^2 over the outputs, r = log(1 + y) - log(1 + t); dy = 2 r / (1 + y) / outputs."""
        y = self.point(s.y)
        r = np.log1p(y) - np.log1p(s.t)
        if s.dy is not None:
            s.dy[...] = np.where(s.y > 0, 2 * r / (1 + y), 0) / r.shape[1]
        return (r**2).mean(axis=1)

    def torch(self, torch: Any, y: Any, t: Any) -> Any:
        """`each` in PyTorch."""
        return ((torch.log1p(torch.relu(y)) - torch.log1p(t)) ** 2).mean(1)

    def chance(self, t: Array, task: Task) -> float:
        """The variance of log(1 + t), mean over the outputs."""
        return float(np.var(np.log1p(t), axis=0, dtype=np.float64).mean())

    def averaged(self, y: Array, task: Task, weights: Array | None = None) -> Array:
        """The mean of max(y, 0)."""
        return np.average(self.point(y), axis=1, weights=weights)

    def point(self, y: Array) -> Array:
        """max(y, 0)."""
        return np.maximum(y, 0)
