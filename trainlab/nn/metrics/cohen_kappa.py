"""Cohen's kappa: agreement beyond chance."""

from typing import ClassVar, Literal

import numpy as np

from trainlab.core.component import setting
from trainlab.nn.metric import Metric, MetricInput
from trainlab.nn.metrics._confusion import confusion


class CohenKappa(Metric, name="cohen_kappa"):
    """(accuracy - chance) / (1 - chance), where chance is that of guesses with the same frequencies; 1 is perfect.

    0 is no better than such guesses. With `weights` a mistake counts by its distance, for classes with an order.
    Not defined (nan) if everything is one class.

    Source: Cohen 1960, 1968; scikit-learn's `cohen_kappa_score`.
    """

    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    range: ClassVar[tuple[float, float]] = (-1.0, 1.0)

    weights: Literal["linear", "quadratic"] | None = setting(
        None, "how much a mistake counts: by the distance of the classes, by its square, or all alike"
    )

    @property
    def column(self) -> str:
        """`cohen_kappa`, `cohen_kappa_linear`."""
        return self.name if self.weights is None else f"{self.name}_{self.weights}"

    def compute(self, rows: MetricInput) -> float:
        """1 - (weight of the mistakes) / (weight expected by chance)."""
        table = confusion(rows)
        expected = table.sum(axis=1)[:, None] * table.sum(axis=0)[None, :] / table.sum()
        place = np.arange(len(table), dtype=np.float64)
        apart = np.abs(place[:, None] - place[None, :])
        cost = {None: apart > 0, "linear": apart, "quadratic": apart**2}[self.weights]
        return float(1.0 - np.float64((cost * table).sum()) / (cost * expected).sum())
