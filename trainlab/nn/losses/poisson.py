"""Poisson: counts, by the logarithm of their rate."""

from typing import Any

import numpy as np

from trainlab.core.errors import UserError
from trainlab.core.types import Array, Task
from trainlab.nn.loss import LossSlot
from trainlab.nn.losses._numbers import NumberLoss

TOP = 80.0  # exp of it is a float32


class Poisson(NumberLoss, name="poisson"):
    """The mean of exp(y) - t y: the negative log-likelihood of counts t with rate exp(y), without its constant log t!.

    The output y is the logarithm of the rate, so predictions exp(y) are positive and errors count relative to the rate.
    The targets must be 0 or more: leave out `scale_target`. (torch's PoissonNLLLoss; Keras takes the rate itself.)

    Source: McCullagh & Nelder 1989, "Generalized linear models", chapter 6.
    """

    def encode(self, y: Array, task: Task) -> Array:
        """Numbers (n, k). Raises UserError for negative ones."""
        return positive(y, self.name)

    def each(self, s: LossSlot) -> Array:
        """The mean of exp(y) - t y over the outputs; dy = (exp(y) - t) / outputs."""
        rate = self.point(s.y)
        if s.dy is not None:
            s.dy[...] = (rate - s.t) / rate.shape[1]
        return (rate - s.t * s.y).mean(axis=1)

    def torch(self, torch: Any, y: Any, t: Any) -> Any:
        """`each` in PyTorch."""
        return (torch.exp(torch.clamp(y, max=TOP)) - t * y).mean(1)

    def chance(self, t: Array, task: Task) -> float:
        """Loss of the mean rate."""
        rate = np.maximum(t.mean(axis=0, dtype=np.float64), np.finfo(np.float64).tiny)
        return float((rate - rate * np.log(rate)).mean())

    def averaged(self, y: Array, task: Task, weights: Array | None = None) -> Array:
        """log of the mean rate."""
        return np.log(np.average(self.point(y), axis=1, weights=weights))

    def point(self, y: Array) -> Array:
        """exp(y)."""
        return np.exp(np.minimum(y, TOP))


def positive(y: Array, loss: str) -> Array:
    """Targets (n, k) of 0 or more. Raises UserError for others."""
    t = np.asarray(y, dtype=np.float64).reshape(len(y), -1)
    if (t < 0).any():
        raise UserError(
            f"loss: {loss} needs targets of 0 or more; the smallest is {t.min():.4g} (with `data.scale_target` targets "
            "have mean 0: set it to false)"
        )
    return t
