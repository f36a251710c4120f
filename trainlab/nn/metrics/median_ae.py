"""Median absolute error."""

import numpy as np

from trainlab.core.types import Array
from trainlab.nn.metrics._per_target import ErrorSize


class MedianAe(ErrorSize, name="median_ae"):
    """The median of |y - t|, in the target's unit: half of the rows have a smaller error. Outliers do not change it.

    Source: scikit-learn's `median_absolute_error`.
    """

    def each(self, t: Array, y: Array, w: Array | None) -> Array:
        """The median, or the weighted median: half of the weight is on either side."""
        errors: Array = np.abs(y - t)
        if w is None:
            return np.median(errors, axis=0)
        return np.array([_weighted_median(errors[:, i], np.asarray(w, np.float64)) for i in range(errors.shape[1])])


def _weighted_median(values: Array, w: Array) -> float:
    """The mean of the lowest and the highest value that have at most half of the weight on either side."""
    values, w = values[w > 0], w[w > 0]
    order = np.argsort(values, kind="stable")
    values, below = values[order], np.cumsum(w[order])
    half = float(below[-1]) / 2.0
    low = int(np.count_nonzero(below < half))
    high = low + 1 if below[low] == half and low + 1 < len(values) else low
    return float((values[low] + values[high]) / 2.0)
