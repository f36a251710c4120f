"""Root mean squared error."""

import numpy as np

from trainlab.core.types import Array
from trainlab.nn.metrics._per_target import ErrorSize


class Rmse(ErrorSize, name="rmse"):
    """sqrt(mean of (y - t)^2), in the target's unit: the size of a typical error, large ones counting more.

    With several targets it is the mean of their roots.

    Source: scikit-learn's `root_mean_squared_error`.
    """

    def each(self, t: Array, y: Array, w: Array | None) -> Array:
        """sqrt(mean of (y - t)^2)."""
        return np.sqrt(np.average(np.square(y - t), axis=0, weights=w))
