"""Huber: squared for small errors, absolute for large ones."""

from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array, Task
from trainlab.nn.layer import Scratch
from trainlab.nn.loss import Loss, LossSlot


class Huber(Loss, name="huber"):
    """The mean of r^2 / 2 where |r| < delta, else delta (|r| - delta / 2), r = y - t; dy = clip(r, +-delta) / numbers.

    As smooth as `mse` near the target, as calm as `mae` about outliers.

    Source: Huber 1964, "Robust estimation of a location parameter".
    """

    tasks: ClassVar[tuple[str, ...]] = ("regression",)

    delta: float = setting(1.0, "where squared turns into absolute, in units of the target", gt=0)

    def units(self, task: Task) -> int:
        """One an output."""
        return task.outputs

    def encode(self, y: Array, task: Task) -> Array:
        """Numbers (n, k)."""
        return np.asarray(y, dtype=np.float64).reshape(len(y), -1)

    def scratch(self, units: int) -> dict[str, Scratch]:
        """y - t, and the same cut at +-delta."""
        return {"r": Scratch((units,)), "cut": Scratch((units,))}

    def value(self, s: LossSlot) -> float:
        """mean of cut (r - cut / 2), which is both branches at once."""
        r, cut, dy = s.tmp["r"], s.tmp["cut"], s.dy
        np.subtract(s.y, s.t, out=r)
        np.minimum(r, self.delta, out=cut)
        np.maximum(cut, -self.delta, out=cut)
        if dy is not None:
            np.multiply(cut, 1 / r.size, out=dy)
        loss = np.vdot(cut, r)
        return float(loss - 0.5 * np.vdot(cut, cut)) / r.size

    def chance(self, t: Array, task: Task) -> float:
        """The loss of the targets' median."""
        r = np.abs(t - np.median(t, axis=0))
        cut = np.minimum(r, self.delta)
        return float((cut * (r - cut / 2)).mean())

    def predict(self, y: Array, task: Task) -> Array:
        """The numbers."""
        return y
