"""Losses whose probabilities are the softmax of the outputs."""

import numpy as np

from trainlab.core.types import Array, Task
from trainlab.nn.loss import Loss


class SoftmaxLoss(Loss):
    """One output for each class, and p = softmax(y)."""

    def probabilities(self, y: Array) -> Array:
        """softmax(y)."""
        return _softmax(y, axis=1)

    def averaged(self, y: Array) -> Array:
        """log of the mean softmax."""
        mean = _softmax(y, axis=2).mean(axis=1)
        return np.log(np.maximum(mean, np.finfo(y.dtype).tiny))

    def outputs_of(self, p: Array, task: Task) -> Array:
        """log p."""
        return np.log(p)


def _softmax(y: Array, axis: int) -> Array:
    e = np.exp(y - y.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)
