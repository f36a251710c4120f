"""Subset accuracy: the share of rows whose labels are all right."""

from typing import ClassVar

import numpy as np

from trainlab.nn.metric import Metric, MetricInput


class SubsetAccuracy(Metric, name="subset_accuracy"):
    """The share of rows of which every label is predicted right, from 0 to 1: the strictest score of several labels.

    Source: scikit-learn's `accuracy_score` of several labels.
    """

    tasks: ClassVar[tuple[str, ...]] = ("multilabel",)
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)

    def compute(self, rows: MetricInput) -> float:
        """mean over the rows of [all y = t]."""
        return float(np.average(np.equal(rows.y, rows.t).all(axis=1), weights=rows.weights))
