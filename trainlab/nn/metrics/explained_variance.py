"""Explained variance: R2 that forgives a constant error."""

from typing import ClassVar

import numpy as np

from trainlab.core.types import Array
from trainlab.nn.metrics._per_target import PerTarget, share_explained


class ExplainedVariance(PerTarget, name="explained_variance"):
    """1 - (variance of the error) / (variance of the target). Above `r2` if the error has a mean other than 0.

    So a difference between the two says that the predictions are too high or too low as a whole.

    Source: scikit-learn's `explained_variance_score`.
    """

    range: ClassVar[tuple[float, float]] = (-float("inf"), 1.0)

    def each(self, t: Array, y: Array, w: Array | None) -> Array:
        """1 - var(t - y) / var(t)."""
        return share_explained(_variance(t - y, w), _variance(t, w))


def _variance(values: Array, w: Array | None) -> Array:
    return np.average(np.square(values - np.average(values, axis=0, weights=w)), axis=0, weights=w)
