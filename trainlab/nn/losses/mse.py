"""Mean squared error: the loss of regression."""

from typing import ClassVar

import numpy as np

from trainlab.core.types import Array, Task
from trainlab.nn.layer import Scratch
from trainlab.nn.loss import Loss, LossSlot
from trainlab.nn.losses._one_hot import one_hot


class MSE(Loss, name="mse"):
    """The mean of (y - t)^2 over rows and outputs; dy = 2 (y - t) / numbers. At chance: the targets' variance.

    Large errors count most: one outlier can rule a batch (`huber` and `mae` bound it). It has no factor 1/2, as in
    torch. For classes the targets are one-hot rows; `softmax_cross_entropy` nearly always learns better.

    Source: Bishop 2006, section 1.5.5.
    """

    tasks: ClassVar[tuple[str, ...]] = ("regression", "classification")

    def units(self, task: Task) -> int:
        """One an output."""
        return task.outputs

    def encode(self, y: Array, task: Task) -> Array:
        """Numbers (n, k) for regression, class indices for classification."""
        if task.kind == "classification":
            return np.asarray(y, dtype=np.int64)
        return np.asarray(y, dtype=np.float64).reshape(len(y), -1)

    def scratch(self, units: int) -> dict[str, Scratch]:
        """y - t; for classes also the rows' best output, which rows are right, and t as one-hot rows."""
        return {
            "r": Scratch((units,)),
            "best": Scratch((), dtype=np.int64),
            "hit": Scratch((), dtype=np.bool_),
            "one_hot": Scratch((units,), dtype=np.bool_),
        }

    def value(self, s: LossSlot) -> float:
        """mean (y - t)^2."""
        r, dy = s.tmp["r"], s.dy
        if s.t.ndim == 1:
            _from_one_hot(s, r)
        else:
            np.subtract(s.y, s.t, out=r)
        if dy is not None:
            np.multiply(r, 2 / r.size, out=dy)
        return float(np.vdot(r, r)) / r.size

    def chance(self, t: Array, task: Task) -> float:
        """The variance of the targets, mean over the outputs."""
        if t.ndim == 1:
            t = np.eye(task.outputs)[t]
        return float(np.var(t, axis=0, dtype=np.float64).mean())

    def predict(self, y: Array, task: Task) -> Array:
        """The numbers, or for classes the one with the largest output."""
        return y.argmax(axis=1) if task.kind == "classification" else y


def _from_one_hot(s: LossSlot, r: Array) -> None:
    """r = y - one_hot(t); counts the hits."""
    best, hit = s.tmp["best"], s.tmp["hit"]
    s.y.argmax(axis=1, out=best)
    np.equal(best, s.t, out=hit)
    s.hits = float(np.count_nonzero(hit))
    rows = s.tmp["one_hot"]
    one_hot(s.t, rows)
    np.subtract(s.y, rows, out=r)
