"""Binary cross-entropy: two classes with one output, or an output for each of several labels."""

from math import log
from typing import Any, ClassVar

import numpy as np

from trainlab.core.errors import UserError
from trainlab.core.types import Array, Task
from trainlab.nn.activations._sigmoid import sigmoid
from trainlab.nn.loss import LossSlot
from trainlab.nn.losses._class_weights import ClassWeighted


class BinaryCrossEntropy(ClassWeighted, name="binary_cross_entropy"):
    """-log of the probability of the right one of two answers; p = sigmoid(y) is that of yes. At chance: ln 2.

        loss = mean of log(1 + exp(y)) - t y;  dy = (sigmoid(y) - t) / numbers

    For two classes there is one output, the probability of the second. Where rows have several labels at once, there is
    one for each label, and the mean is over rows and labels. The outputs y are logits: the loss applies the sigmoid, so
    the network must not end with one.

    Source: Bishop 2006, equation 4.90.
    """

    tasks: ClassVar[tuple[str, ...]] = ("classification", "multilabel")

    def units(self, task: Task) -> int:
        """One for two classes; one for each label."""
        if task.kind == "classification" and task.outputs != 2:
            raise UserError(
                f"loss: binary_cross_entropy is for 2 classes, these targets have {task.outputs}; "
                "use softmax_cross_entropy"
            )
        super().units(task)
        return 1 if task.kind == "classification" else task.outputs

    def encode(self, y: Array, task: Task) -> Array:
        """0.0 or 1.0: a column, or one for each label."""
        return np.asarray(y, dtype=np.float64).reshape(len(y), -1)

    def each(self, s: LossSlot) -> Array:
        """The mean of log(1 + exp(y)) - t y over the outputs; dy = (sigmoid(y) - t) / outputs."""
        y, t, factor = s.y, s.t, self._factors(s.t, s.y)
        s.hits = np.count_nonzero((y > 0) == (t > 0.5)) / y.shape[1]
        if s.dy is not None:
            s.dy[...] = (sigmoid(y) - t) * factor / y.shape[1]
        return ((np.logaddexp(0, y) - t * y) * factor).mean(axis=1)

    def torch(self, torch: Any, y: Any, t: Any) -> Any:
        """`each` in PyTorch."""
        each = torch.nn.functional.binary_cross_entropy_with_logits(y, t, reduction="none")
        pairs = self.pairs(t.shape[1])
        if pairs is not None:
            by_answer = torch.as_tensor(pairs, dtype=y.dtype, device=y.device)
            each = each * torch.where(t > 0.5, by_answer[:, 1], by_answer[:, 0])
        return each.mean(1)

    def pairs(self, outputs: int) -> Array | None:
        """The weights of the zeros and ones of each output (outputs, 2); None if all weigh 1."""
        if self.weights is None:
            return None
        pairs = [self.weights] if outputs == 1 else [[1.0, weight] for weight in self.weights]
        return np.array(pairs, np.float64)

    def _factors(self, t: Array, like: Array) -> Array:
        pairs = self.pairs(t.shape[1])
        if pairs is None:
            return np.ones(1, like.dtype)
        return np.where(t > 0.5, pairs[:, 1], pairs[:, 0]).astype(like.dtype)

    def chance(self, t: Array, task: Task) -> float:
        """Ln 2, times the mean weight."""
        return log(2) * float(self._factors(t, t).mean())

    def predict(self, y: Array, task: Task) -> Array:
        """1 where the logit is positive, else 0: of the second class, or of each label."""
        positive = (y > 0).astype(np.int64)
        return positive[:, 0] if task.kind == "classification" else positive

    def probabilities(self, y: Array) -> Array:
        """(1 - p, p), p = sigmoid(y); of several outputs the p of each. Without loss of digits."""
        return np.exp(-np.logaddexp(0, np.concatenate([y, -y], axis=1) if y.shape[1] == 1 else -y))

    def averaged(self, y: Array, task: Task, weights: Array | None = None) -> Array:
        """The logit of the mean probability. Both sides are averaged: 1 - p has lost the digits of a small one."""
        zero, one = (np.average(np.exp(-np.logaddexp(0, side)), axis=1, weights=weights) for side in (y, -y))
        least = np.finfo(y.dtype).tiny
        return np.log(np.maximum(one, least)) - np.log(np.maximum(zero, least))

    def outputs_of(self, p: Array, task: Task) -> Array:
        """log p - log(1 - p): the logit of the second class, or of each label."""
        if task.kind == "multilabel":
            return np.log(p) - np.log1p(-p)
        return np.log(p[:, 1:]) - np.log(p[:, :1])
