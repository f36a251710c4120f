"""Mean squared error."""

import numpy as np

from trainlab.core.types import Array
from trainlab.nn.metrics._per_target import ErrorSize


class Mse(ErrorSize, name="mse"):
    """The mean of (y - t)^2, in the square of the target's unit. Large errors dominate it.

    Source: scikit-learn's `mean_squared_error`.
    """

    def each(self, t: Array, y: Array, w: Array | None) -> Array:
        """mean of (y - t)^2."""
        return np.average(np.square(y - t), axis=0, weights=w)
