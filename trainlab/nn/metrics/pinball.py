"""Pinball: the error of a predicted quantile."""

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array
from trainlab.nn.metric import as_column
from trainlab.nn.metrics._per_target import ErrorSize


class Pinball(ErrorSize, name="pinball"):
    """The mean of alpha (t - y) where t is above y, and of (1 - alpha) (y - t) where it is below.

    It is smallest if y is the quantile `alpha` of the targets: with 0.9, nine of ten targets are below. With 0.5 it is
    half of `mae`.

    Source: Koenker & Bassett 1978; scikit-learn's `mean_pinball_loss`.
    """

    alpha: float = setting(0.5, "the quantile that is predicted", ge=0, le=1)

    @property
    def column(self) -> str:
        """`pinball_0.5`, `pinball_0.5_price`."""
        _, *target = super().column.split("_", 1)
        return "_".join([self.name, as_column(self.alpha), *target])

    def each(self, t: Array, y: Array, w: Array | None) -> Array:
        """mean of max(alpha (t - y), (alpha - 1) (t - y))."""
        return np.average(np.maximum(self.alpha * (t - y), (self.alpha - 1.0) * (t - y)), axis=0, weights=w)
