"""Hinge: the multiclass support vector machine."""

from typing import Any, ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array, Task
from trainlab.nn.loss import LossSlot
from trainlab.nn.losses._class_weights import ClassWeighted


class Hinge(ClassWeighted, name="hinge"):
    """The sum over the wrong classes of max(0, y_wrong - y_right + margin), mean over rows. At chance: (C - 1) margin.

    Zero once the right class leads by the margin, unlike `softmax_cross_entropy`. The outputs are scores, not
    probabilities. (torch's MultiMarginLoss divides the sum by C.)

    Source: Weston & Watkins 1999; CS231n, "Linear classification" (multiclass SVM loss).
    """

    tasks: ClassVar[tuple[str, ...]] = ("classification",)

    margin: float = setting(1.0, "how far the right class must lead", gt=0)

    def encode(self, y: Array, task: Task) -> Array:
        """Class indices."""
        return np.asarray(y, dtype=np.int64)

    def each(self, s: LossSlot) -> Array:
        """sum max(0, y_wrong - y_right + margin); dy = 1 where positive, minus their count at right."""
        y, t = s.y, s.t
        rows = np.arange(len(y))
        s.hits = float(np.count_nonzero(y.argmax(axis=1) == t))
        over = np.maximum(y - y[rows, t][:, None] + self.margin, 0)
        over[rows, t] = 0
        if s.dy is not None:
            s.dy[...] = over > 0
            s.dy[rows, t] = -s.dy.sum(axis=1)
        return self.weighted(over.sum(axis=1), t, s.dy)

    def torch(self, torch: Any, y: Any, t: Any) -> Any:
        """`each` in PyTorch."""
        right = t[:, None]
        over = torch.relu(y - y.gather(1, right) + self.margin).scatter(1, right, 0.0)
        return self.torch_weighted(torch, over.sum(1), t)

    def chance(self, t: Array, task: Task) -> float:
        """(C - 1) margin, times the rows' mean weight."""
        return (task.outputs - 1) * self.margin * self.mean_weight(t)

    def predict(self, y: Array, task: Task) -> Array:
        """The class with the largest score."""
        return y.argmax(axis=1)
