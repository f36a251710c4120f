"""Accuracy: the share of right answers."""

from typing import ClassVar

import numpy as np

from trainlab.nn.metric import Metric, MetricInput


class Accuracy(Metric, name="accuracy"):
    """The share of rows whose class is predicted right, from 0 to 1.

    Always predicting the largest class reaches that class's share. So with classes of unequal size read
    `balanced_accuracy` or `f1` instead.

    Source: scikit-learn's `accuracy_score`.
    """

    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)

    def compute(self, rows: MetricInput) -> float:
        """mean of [y = t]."""
        return float(np.average(rows.y == rows.t, weights=rows.weights))
