"""Hinge: the multiclass support vector machine."""

from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array, Task
from trainlab.nn.loss import Loss, LossSlot


class Hinge(Loss, name="hinge"):
    """The sum over the wrong classes of max(0, y_wrong - y_right + margin), mean over rows. At chance: (C - 1) margin.

    Zero once the right class leads by the margin, unlike `softmax_cross_entropy`. The outputs are scores, not
    probabilities. (torch's MultiMarginLoss divides the sum by C.)

    Source: Weston & Watkins 1999; CS231n, "Linear classification" (multiclass SVM loss).
    """

    tasks: ClassVar[tuple[str, ...]] = ("classification",)

    margin: float = setting(1.0, "how far the right class must lead", gt=0)

    def units(self, task: Task) -> int:
        """One for each class."""
        return task.outputs

    def encode(self, y: Array, task: Task) -> Array:
        """Class indices."""
        return np.asarray(y, dtype=np.int64)

    def value(self, s: LossSlot) -> float:
        """mean of sum max(0, y_wrong - y_right + margin); dy = 1 / rows where positive, minus their count at right."""
        y, t = s.y, s.t
        rows = np.arange(len(y))
        s.hits = float(np.count_nonzero(y.argmax(axis=1) == t))
        over = np.maximum(y - y[rows, t][:, None] + self.margin, 0)
        over[rows, t] = 0
        if s.dy is not None:
            s.dy[...] = over > 0
            s.dy[rows, t] = -s.dy.sum(axis=1)
            s.dy /= len(y)
        return float(over.sum()) / len(y)

    def chance(self, t: Array, task: Task) -> float:
        """(C - 1) margin."""
        return (task.outputs - 1) * self.margin

    def predict(self, y: Array, task: Task) -> Array:
        """The class with the largest score."""
        return y.argmax(axis=1)
