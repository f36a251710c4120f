"""The base of metrics of numbers: computed for each target, then averaged."""

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.errors import UserError
from trainlab.core.problem import listed, nearest
from trainlab.core.types import Array, Task
from trainlab.nn.metric import Metric, MetricInput, as_column


class PerTarget(Metric):
    """A metric of predicted numbers. Its value is the mean over the targets, or that of the target `target`."""

    tasks: ClassVar[tuple[str, ...]] = ("regression",)

    target: str | None = setting(None, "the name of a target: its value alone, in its own unit, without a mean")

    @property
    def column(self) -> str:
        """`mae`, `mae_price`."""
        return self.name if self.target is None else f"{self.name}_{as_column(self.target)}"

    def check(self, task: Task) -> None:
        """The target must exist."""
        if self.target is not None and self.target not in task.names:
            near = nearest(self.target, task.names)
            hint = f"did you mean `{near}`?" if near else f"there are {listed([f'`{n}`' for n in task.names[:10]])}"
            raise UserError(f"no target is called `{self.target}`; {hint}")

    def compute(self, rows: MetricInput) -> float:
        """The mean of `each` over the targets, or its value for the chosen target."""
        values = self.targets(rows)
        return float(values.mean() if self.target is None else values[rows.task.names.index(self.target)])

    def targets(self, rows: MetricInput) -> Array:
        """The metric of each target (targets,), float64."""
        t, y = (np.asarray(a, np.float64).reshape(len(rows.t), -1) for a in (rows.t, rows.y))
        return self.each(t, y, rows.weights)

    @abstractmethod
    def each(self, t: Array, y: Array, w: Array | None) -> Array:
        """The metric of each column of the right numbers t and the predicted y (n, targets); w (n,): weights."""


class ErrorSize(PerTarget):
    """How large the errors are: 0 is perfect, there is no upper limit."""

    higher_is_better: ClassVar[bool] = False
    range: ClassVar[tuple[float, float]] = (0.0, float("inf"))


def share_explained(left: Array, whole: Array) -> Array:
    """1 - left / whole, for each target; where `whole` is 0, 1 for a perfect prediction and 0 for any other."""
    return np.where(whole > 0, 1.0 - left / np.where(whole > 0, whole, 1.0), np.where(left > 0, 0.0, 1.0))
