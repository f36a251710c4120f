"""Binary cross-entropy: two classes, one output."""

from math import log
from typing import ClassVar

import numpy as np

from trainlab.core.errors import UserError
from trainlab.core.types import Array, Task
from trainlab.nn.activations._sigmoid import sigmoid
from trainlab.nn.loss import LossSlot
from trainlab.nn.losses._class_weights import ClassWeighted


class BinaryCrossEntropy(ClassWeighted, name="binary_cross_entropy"):
    """-log of the probability of the right one of two classes; p = sigmoid(y) is the second's. At chance: ln 2.

        loss = mean of log(1 + exp(y)) - t y;  dy = (sigmoid(y) - t) / rows

    The network's output y is the logit: the loss applies the sigmoid, so the network must not end with one.

    Source: Bishop 2006, equation 4.90.
    """

    tasks: ClassVar[tuple[str, ...]] = ("classification",)

    def units(self, task: Task) -> int:
        """One; it is for two classes only."""
        if task.outputs != 2:
            raise UserError(
                f"loss: binary_cross_entropy is for 2 classes, these targets have {task.outputs}; "
                "use softmax_cross_entropy"
            )
        super().units(task)
        return 1

    def encode(self, y: Array, task: Task) -> Array:
        """0.0 or 1.0, as a column."""
        return np.asarray(y, dtype=np.float64).reshape(-1, 1)

    def each(self, s: LossSlot) -> Array:
        """log(1 + exp(y)) - t y; dy = sigmoid(y) - t."""
        y, t = s.y, s.t
        s.hits = float(np.count_nonzero((y > 0) == (t > 0.5)))
        if s.dy is not None:
            s.dy[...] = sigmoid(y) - t
        return self.weighted((np.logaddexp(0, y) - t * y)[:, 0], (t[:, 0] > 0.5).astype(np.int64), s.dy)

    def chance(self, t: Array, task: Task) -> float:
        """Ln 2, times the rows' mean weight."""
        return log(2) * self.mean_weight(t[:, 0].astype(np.int64))

    def predict(self, y: Array, task: Task) -> Array:
        """1 where the logit is positive, else 0."""
        return (y[:, 0] > 0).astype(np.int64)

    def probabilities(self, y: Array) -> Array:
        """(1 - p, p), p = sigmoid(y), each without loss of digits."""
        return np.exp(-np.logaddexp(0, np.concatenate([y, -y], axis=1)))
