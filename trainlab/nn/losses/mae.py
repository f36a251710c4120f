"""Mean absolute error: regression that outliers do not move."""

from typing import ClassVar

import numpy as np

from trainlab.core.types import Array, Task
from trainlab.nn.layer import Scratch
from trainlab.nn.loss import Loss, LossSlot


class MAE(Loss, name="mae"):
    """The mean of |y - t| over rows and outputs; dy = sign(y - t) / numbers. Learns the median, not the mean.

    The gradient does not shrink near the target: let the learning rate do so.

    Source: Bishop 2006, section 1.5.5 (Minkowski loss, q = 1).
    """

    tasks: ClassVar[tuple[str, ...]] = ("regression",)

    def units(self, task: Task) -> int:
        """One an output."""
        return task.outputs

    def encode(self, y: Array, task: Task) -> Array:
        """Numbers (n, k)."""
        return np.asarray(y, dtype=np.float64).reshape(len(y), -1)

    def scratch(self, units: int) -> dict[str, Scratch]:
        """y - t."""
        return {"r": Scratch((units,))}

    def value(self, s: LossSlot) -> float:
        """mean |y - t|."""
        r, dy = s.tmp["r"], s.dy
        np.subtract(s.y, s.t, out=r)
        if dy is not None:
            np.sign(r, out=dy)
            np.multiply(dy, 1 / r.size, out=dy)
        np.abs(r, out=r)
        return float(np.add.reduce(r, axis=None)) / r.size

    def chance(self, t: Array, task: Task) -> float:
        """The mean distance from the median."""
        return float(np.abs(t - np.median(t, axis=0)).mean())

    def predict(self, y: Array, task: Task) -> Array:
        """The numbers."""
        return y
