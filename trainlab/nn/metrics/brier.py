"""Brier score: the squared error of the predicted probabilities."""

from typing import ClassVar

import numpy as np

from trainlab.nn.metric import Metric, MetricInput
from trainlab.nn.metrics._per_class import members


class Brier(Metric, name="brier"):
    """The squared distance of the probabilities from 1 for the right class and 0 for the others, mean over the rows.

    0 is perfect. It judges whether probabilities are right, and a single bad row does not dominate it, as in
    `log_loss`. With two classes it is the squared error of one probability (0 to 1); with more the sum over the
    classes (0 to 2).

    Source: Brier 1950; scikit-learn's `brier_score_loss`.
    """

    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    higher_is_better: ClassVar[bool] = False
    range: ClassVar[tuple[float, float]] = (0.0, 2.0)
    probabilistic: ClassVar[bool] = True

    def compute(self, rows: MetricInput) -> float:
        """mean of sum_c (p_c - [c is right])^2, halved for two classes."""
        p = np.asarray(rows.probabilities, np.float64)
        squares = np.square(p - members(rows.t, rows.task)).sum(axis=1)
        return float(np.average(squares, weights=rows.weights)) / (2.0 if p.shape[1] == 2 else 1.0)
