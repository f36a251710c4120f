"""Balanced accuracy: the accuracy if all classes had the same number of rows."""

from typing import ClassVar

import numpy as np

from trainlab.nn.metric import Metric, MetricInput
from trainlab.nn.metrics._per_class import members


class BalancedAccuracy(Metric, name="balanced_accuracy"):
    """The mean over the classes of the share of their rows that are predicted right (their recall), from 0 to 1.

    Always predicting the same class scores 1 / classes, however large that class is. Classes without rows are left
    out.

    Source: Brodersen et al. 2010, "The balanced accuracy and its posterior distribution"; scikit-learn's
    `balanced_accuracy_score`.
    """

    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)

    def compute(self, rows: MetricInput) -> float:
        """The mean recall of the classes that have rows."""
        truth, w = members(rows.t, rows.task), rows.w[:, None]
        right = (truth & (rows.y == rows.t)[:, None]) * w
        known = (truth * w).sum(axis=0)
        return float((right.sum(axis=0)[known > 0] / known[known > 0]).mean()) if (known > 0).any() else np.nan
