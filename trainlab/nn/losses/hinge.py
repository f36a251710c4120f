"""Hinge: the multiclass support vector machine."""

from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array, Task
from trainlab.nn.layer import Scratch
from trainlab.nn.loss import Loss, LossSlot
from trainlab.nn.losses._one_hot import one_hot


class Hinge(Loss, name="hinge"):
    """The sum over the wrong classes of max(0, y_wrong - y_right + margin), mean over rows. At chance: (C - 1) margin.

    Content once the right class leads by the margin, where `softmax_cross_entropy` never is; its outputs are scores,
    not probabilities. (torch's MultiMarginLoss divides the sum by C.)

    Source: Weston & Watkins 1999; CS231n, "Linear classification" (multiclass SVM loss).
    """

    tasks: ClassVar[tuple[str, ...]] = ("classification",)

    margin: float = setting(1.0, "how far the right class must lead", gt=0)

    def units(self, task: Task) -> int:
        """One a class."""
        return task.outputs

    def encode(self, y: Array, task: Task) -> Array:
        """Class indices."""
        return np.asarray(y, dtype=np.int64)

    def scratch(self, units: int) -> dict[str, Scratch]:
        """How far each class is over the margin, and whether; of each row the right score, count, best class, hit."""
        return {
            "over": Scratch((units,)),
            "right": Scratch((1,)),
            "work": Scratch((units,)),
            "is_right": Scratch((units,), dtype=np.bool_),
            "best": Scratch((), dtype=np.int64),
            "hit": Scratch((), dtype=np.bool_),
        }

    def value(self, s: LossSlot) -> float:
        """mean of sum max(0, y_wrong - y_right + margin); dy = 1 / rows where positive, less their count at right."""
        y, t, tmp, dy = s.y, s.t, s.tmp, s.dy
        over, right, is_right, work = tmp["over"], tmp["right"], tmp["is_right"], tmp["work"]
        rows = len(y)
        y.argmax(axis=1, out=tmp["best"])
        np.equal(tmp["best"], t, out=tmp["hit"])
        s.hits = float(np.count_nonzero(tmp["hit"]))
        one_hot(t, is_right)
        over.fill(0)
        np.copyto(over, y, where=is_right)
        np.add.reduce(over, axis=1, keepdims=True, out=right)
        np.subtract(y, right, out=over)
        np.add(over, self.margin, out=over)
        np.copyto(over, 0, where=is_right)
        np.maximum(over, 0, out=over)
        if dy is not None:
            np.sign(over, out=dy)
            np.add.reduce(dy, axis=1, keepdims=True, out=right)
            np.multiply(is_right, right, out=work)
            np.subtract(dy, work, out=dy)
            np.multiply(dy, 1 / rows, out=dy)
        return float(np.add.reduce(over, axis=None)) / rows

    def chance(self, t: Array, task: Task) -> float:
        """(C - 1) margin."""
        return (task.outputs - 1) * self.margin

    def predict(self, y: Array, task: Task) -> Array:
        """The class with the largest score."""
        return y.argmax(axis=1)
