"""Top-k accuracy: the right class is among the k largest scores."""

from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.errors import UserError
from trainlab.core.types import Count, Task
from trainlab.nn.metric import Metric, MetricInput


class TopK(Metric, name="top_k"):
    """The share of rows whose class is among the `k` classes with the largest scores, from 0 to 1.

    For many classes that are easily confused. Of equal scores those of later classes come first.

    Source: scikit-learn's `top_k_accuracy_score`, with its k of 2 as the default.
    """

    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)

    k: Count = setting(2, "how many classes may be named; fewer than there are")

    @property
    def column(self) -> str:
        """`top_2`."""
        return f"top_{self.k}"

    def check(self, task: Task) -> None:
        """With all classes named every row is right."""
        if self.k >= task.outputs:
            raise UserError(f"with {task.outputs} classes top_{self.k} is always 1; k is at most {task.outputs - 1}")

    def compute(self, rows: MetricInput) -> float:
        """mean of [t is among the k largest]."""
        first = np.argsort(np.asarray(rows.scores), axis=1, kind="stable")[:, ::-1][:, : self.k]
        return float(np.average((first == rows.t[:, None]).any(axis=1), weights=rows.weights))
