"""Kullback-Leibler divergence: rows of targets that are distributions."""

from typing import Any, ClassVar

import numpy as np

from trainlab.core.errors import UserError
from trainlab.core.types import Array, Task
from trainlab.nn.loss import LossSlot
from trainlab.nn.losses._softmax import SoftmaxLoss


class KLDivergence(SoftmaxLoss, name="kl_divergence"):
    """The sum of t (log t - log p), p = softmax(y), mean over rows: how far p is from the distribution t.

    The targets of a row are shares that add up to 1 (several target columns). For classes it is
    `softmax_cross_entropy`, which has more settings. The loss applies the softmax: the network must not end with one.

    Source: Kullback & Leibler 1951, "On information and sufficiency"; Bishop 2006, equation 1.113.
    """

    tasks: ClassVar[tuple[str, ...]] = ("regression", "classification")

    def units(self, task: Task) -> int:
        """One an output. Raises UserError for a single number, which is no distribution."""
        if task.outputs < 2:
            raise UserError("loss: kl_divergence needs several target columns that add up to 1 in every row")
        return task.outputs

    def encode(self, y: Array, task: Task) -> Array:
        """Shares (n, k); 1 for the class of a row. Raises UserError where a row of numbers is no distribution."""
        if task.kind == "classification":
            return (np.asarray(y)[:, None] == np.arange(task.outputs)).astype(np.float64)
        t = np.asarray(y, dtype=np.float64).reshape(len(y), -1)
        bad = np.flatnonzero((t < 0).any(axis=1) | (np.abs(t.sum(axis=1) - 1) > 1e-3))
        if len(bad):
            raise UserError(
                f"loss: kl_divergence needs targets of 0 or more that add up to 1 in every row (with "
                f"`data.scale_target: false`); row {bad[0] + 1} of a part adds up to {t[bad[0]].sum():.4g}"
            )
        return t

    def each(self, s: LossSlot) -> Array:
        """Sum of t (log t - log p); dy = p - t."""
        z = s.y - s.y.max(axis=1, keepdims=True)
        log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        s.hits = float(np.count_nonzero(s.y.argmax(axis=1) == s.t.argmax(axis=1)))
        if s.dy is not None:
            s.dy[...] = np.exp(log_p) * s.t.sum(axis=1, keepdims=True) - s.t
        return (s.t * (_log(s.t) - log_p)).sum(axis=1)

    def torch(self, torch: Any, y: Any, t: Any) -> Any:
        """`each` in PyTorch."""
        return (torch.xlogy(t, t) - t * torch.log_softmax(y, 1)).sum(1)

    def chance(self, t: Array, task: Task) -> float:
        """Divergence from the mean of the targets."""
        return float((t * (_log(t) - _log(t.mean(axis=0)))).sum(axis=1).mean())

    def predict(self, y: Array, task: Task) -> Array:
        """The shares, or for classes the one with the largest output."""
        return y.argmax(axis=1) if task.kind == "classification" else self.point(y)

    def point(self, y: Array) -> Array:
        """softmax(y)."""
        return self.probabilities(y)


def _log(t: Array) -> Array:
    """log t, and 0 where t is 0: it is multiplied by t."""
    return np.log(np.where(t > 0, t, 1))
