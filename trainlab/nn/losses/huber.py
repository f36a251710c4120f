"""Huber: squared for small errors, absolute for large ones."""

from typing import Any

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array, Task
from trainlab.nn.loss import LossSlot
from trainlab.nn.losses._numbers import NumberLoss


class Huber(NumberLoss, name="huber"):
    """The mean of r^2 / 2 where |r| < delta, else delta (|r| - delta / 2), r = y - t; dy = clip(r, +-delta) / numbers.

    As smooth as `mse` near the target, as robust as `mae` against outliers.

    Source: Huber 1964, "Robust estimation of a location parameter".
    """

    delta: float = setting(1.0, "size of an error from which the loss is linear, in units of the target", gt=0)

    def each(self, s: LossSlot) -> Array:
        """With cut = clip(r, +-delta), cut (r - cut / 2) is r^2 / 2 or delta (|r| - delta / 2)."""
        r = s.y - s.t
        cut = np.clip(r, -self.delta, self.delta)
        if s.dy is not None:
            s.dy[...] = cut / r.shape[1]
        return (cut * (r - cut / 2)).mean(axis=1)

    def torch(self, torch: Any, y: Any, t: Any) -> Any:
        """`each` in PyTorch."""
        return torch.nn.functional.huber_loss(y, t, reduction="none", delta=self.delta).mean(1)

    def chance(self, t: Array, task: Task) -> float:
        """Loss of the median of the targets."""
        r = np.abs(t - np.median(t, axis=0))
        cut = np.minimum(r, self.delta)
        return float((cut * (r - cut / 2)).mean())
