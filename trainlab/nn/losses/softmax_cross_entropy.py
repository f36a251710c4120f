"""Softmax cross-entropy: the loss of classification."""

from math import log
from typing import Any, ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array, Task
from trainlab.nn.loss import LossSlot
from trainlab.nn.losses._class_weights import ClassWeighted
from trainlab.nn.losses._one_hot import one_hot
from trainlab.nn.losses._softmax import SoftmaxLoss


class SoftmaxCrossEntropy(ClassWeighted, SoftmaxLoss, name="softmax_cross_entropy"):
    """-log of the probability of the right class, the probabilities being softmax(y). At chance: ln C.

        p = softmax(y);  loss = mean over rows of sum_c -q_c log p_c;  dy = (p - q) / rows

    q is 1 for the right class; with `label_smoothing` e it is 1 - e + e / C there and e / C elsewhere; with
    `class_weights` w each class's part of q is multiplied by its w. The mean is over rows, also when weighted, so
    that batches average (torch divides by the sum of the weights). Targets may be probabilities (rows, C): mixup.

    Source: Bishop 2006, section 4.3.4; label smoothing: Szegedy et al. 2016, arXiv:1512.00567, section 7.
    """

    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    soft: ClassVar[bool] = True

    label_smoothing: float = setting(0.0, "fraction of each label that is spread evenly over all classes", ge=0, lt=1)

    def encode(self, y: Array, task: Task) -> Array:
        """Class indices."""
        return np.asarray(y, dtype=np.int64)

    def each(self, s: LossSlot) -> Array:
        """sum_c -q_c log p_c; dy = Q p - q, where Q is the sum of q over the classes."""
        y, q = s.y, self._targets(s.t, s.y)
        s.hits = self.hits(y, s.t)
        z = y - y.max(axis=1, keepdims=True)
        log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        if s.dy is not None:
            s.dy[...] = q.sum(axis=1, keepdims=True) * np.exp(log_p) - q
        return -(q * log_p).sum(axis=1)

    def hits(self, y: Array, t: Array) -> float:
        """Rows whose largest output is that of their class, or of their largest share."""
        return float(np.count_nonzero(y.argmax(axis=1) == (t if t.ndim == 1 else t.argmax(axis=1))))

    def torch(self, torch: Any, y: Any, t: Any) -> Any:
        """`each` in PyTorch, whose own loss takes whole classes and shares of them."""
        loss = torch.nn.functional.cross_entropy
        if t.ndim == 1 and not self.label_smoothing and self.weights is None:
            return loss(y, t, reduction="none")
        q = torch.nn.functional.one_hot(t, y.shape[1]).to(y.dtype) if t.ndim == 1 else t
        if self.label_smoothing:
            q = (1 - self.label_smoothing) * q + self.label_smoothing / y.shape[1]
        if self.weights is not None:
            q = q * torch.as_tensor(self.weights, dtype=y.dtype, device=y.device)
        return loss(y, q, reduction="none")

    def _targets(self, t: Array, y: Array) -> Array:
        """q, smoothed and weighted, in the shape and float type of y."""
        q = one_hot(t, y) if t.ndim == 1 else t
        if self.label_smoothing:
            q = (1 - self.label_smoothing) * q + self.label_smoothing / y.shape[1]
        return q if self.weights is None else q * np.array(self.weights, y.dtype)

    def chance(self, t: Array, task: Task) -> float:
        """Ln C, times the rows' mean weight."""
        if not isinstance(self.class_weights, list):
            return log(task.outputs)
        q = self._targets(t, np.empty((len(t), task.outputs)))
        return log(task.outputs) * float(q.sum(axis=1).mean())

    def predict(self, y: Array, task: Task) -> Array:
        """The class with the largest output."""
        return y.argmax(axis=1)
