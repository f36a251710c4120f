"""Matthews correlation: the correlation of the right and the predicted classes."""

from typing import ClassVar

import numpy as np

from trainlab.nn.metric import Metric, MetricInput
from trainlab.nn.metrics._confusion import confusion


class Matthews(Metric, name="matthews"):
    """The correlation of right and predicted classes, from -1 to 1; 0 for a guess and for always the same answer.

    It is large only if all four parts of a confusion matrix are good, so it suits classes of unequal size.

    Source: Matthews 1975; for several classes Gorodkin 2004; scikit-learn's `matthews_corrcoef`.
    """

    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    range: ClassVar[tuple[float, float]] = (-1.0, 1.0)

    def compute(self, rows: MetricInput) -> float:
        """cov(t, y) / sqrt(cov(t, t) cov(y, y)); 0 where that divides by zero."""
        table = confusion(rows)
        all_rows, right, true, given = table.sum(), np.trace(table), table.sum(axis=1), table.sum(axis=0)
        both = right * all_rows - (true * given).sum()
        spread = (all_rows**2 - (given**2).sum()) * (all_rows**2 - (true**2).sum())
        return float(both / np.sqrt(spread)) if spread > 0 else 0.0
