"""Hamming loss: the share of labels that are wrong."""

from typing import ClassVar

import numpy as np

from trainlab.nn.metric import Metric, MetricInput


class HammingLoss(Metric, name="hamming_loss"):
    """The share of all labels of all rows that are predicted wrong, from 0 (perfect) to 1; `accuracy` is 1 minus it.

    Where most labels are rare, never predicting any scores well: read `f1` beside it.

    Source: scikit-learn's `hamming_loss`.
    """

    tasks: ClassVar[tuple[str, ...]] = ("multilabel",)
    higher_is_better: ClassVar[bool] = False
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)

    def compute(self, rows: MetricInput) -> float:
        """mean of [y != t]."""
        return float(np.average(np.not_equal(rows.y, rows.t).mean(axis=1), weights=rows.weights))
