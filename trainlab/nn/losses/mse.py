"""Mean squared error: the loss of regression."""

from typing import Any, ClassVar

import numpy as np

from trainlab.core.types import Array, Task
from trainlab.nn.loss import Loss, LossSlot
from trainlab.nn.losses._one_hot import one_hot


class MSE(Loss, name="mse"):
    """The mean of (y - t)^2 over rows and outputs; dy = 2 (y - t) / numbers. At chance: the targets' variance.

    Large errors count most: one outlier can dominate a batch (`huber` and `mae` limit its effect). As in torch, there
    is no factor 1/2. For classes the targets are one-hot rows; `softmax_cross_entropy` nearly always learns better.

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

    def each(self, s: LossSlot) -> Array:
        """The mean of (y - t)^2 over the outputs."""
        t = s.t
        if t.ndim == 1:
            s.hits = float(np.count_nonzero(s.y.argmax(axis=1) == t))
            t = one_hot(t, s.y)
        r = s.y - t
        if s.dy is not None:
            s.dy[...] = 2 * r / r.shape[1]
        return (r**2).mean(axis=1)

    def torch(self, torch: Any, y: Any, t: Any) -> Any:
        """`each` in PyTorch."""
        if t.ndim == 1:
            t = torch.nn.functional.one_hot(t, y.shape[1]).to(y.dtype)
        return ((y - t) ** 2).mean(1)

    def chance(self, t: Array, task: Task) -> float:
        """The variance of the targets, mean over the outputs."""
        if t.ndim == 1:
            t = np.eye(task.outputs)[t]
        return float(np.var(t, axis=0, dtype=np.float64).mean())

    def predict(self, y: Array, task: Task) -> Array:
        """The numbers, or for classes the one with the largest output."""
        return y.argmax(axis=1) if task.kind == "classification" else y
