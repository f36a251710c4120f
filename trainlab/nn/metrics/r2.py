"""R2: the share of the target's variance that is explained."""

from typing import ClassVar

import numpy as np

from trainlab.core.types import Array
from trainlab.nn.metrics._per_target import PerTarget, share_explained


class R2(PerTarget, name="r2"):
    """1 - (squared error) / (squared distance from the mean): 1 is perfect, 0 as good as the mean, below 0 worse.

    For a constant target it is 1 if the prediction is perfect and 0 otherwise; of a single row it is not defined (nan).

    Source: scikit-learn's `r2_score`.
    """

    range: ClassVar[tuple[float, float]] = (-float("inf"), 1.0)

    def each(self, t: Array, y: Array, w: Array | None) -> Array:
        """1 - sum of (y - t)^2 / sum of (t - mean of t)^2."""
        if len(t) < 2:
            return np.full_like(t[0], np.nan)
        left, whole = (np.square(d) for d in (y - t, t - np.average(t, axis=0, weights=w)))
        return share_explained(np.average(left, axis=0, weights=w), np.average(whole, axis=0, weights=w))
