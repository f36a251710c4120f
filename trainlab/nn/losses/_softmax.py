"""Losses whose probabilities are the softmax of the outputs."""

import numpy as np

from trainlab.core.types import Array, Task
from trainlab.nn.loss import Loss


class SoftmaxLoss(Loss):
    """One output for each class, and p = softmax(y)."""

    def probabilities(self, y: Array) -> Array:
        """softmax(y)."""
        e = np.exp(y - y.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def outputs_of(self, p: Array, task: Task) -> Array:
        """log p."""
        return np.log(p)
