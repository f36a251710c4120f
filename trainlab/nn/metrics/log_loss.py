"""Log loss: the cross-entropy of the predicted probabilities."""

from typing import ClassVar

import numpy as np

from trainlab.nn.metric import Metric, MetricInput

_EPS = float(np.finfo(np.float64).eps)


class LogLoss(Metric, name="log_loss"):
    """-log of the probability of the right class, mean over the rows; at least 0.

    Unlike `val_loss` it holds no class weights and no label smoothing, so runs with different ones compare. A
    probability of 0 counts as 2e-16, so the value stays finite.

    Source: Good 1952; scikit-learn's `log_loss`.
    """

    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    higher_is_better: ClassVar[bool] = False
    range: ClassVar[tuple[float, float]] = (0.0, float("inf"))
    probabilistic: ClassVar[bool] = True

    def compute(self, rows: MetricInput) -> float:
        """mean of -log p of the right class."""
        p = np.asarray(rows.probabilities, np.float64)[np.arange(len(rows.t)), rows.t.astype(np.int64)]
        return float(np.average(-np.log(np.clip(p, _EPS, 1.0 - _EPS)), weights=rows.weights))
