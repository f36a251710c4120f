"""The mean of several networks' softmax."""

import numpy as np

from trainlab.core.types import Array


def log_mean_softmax(y: Array) -> Array:
    """log of the mean over axis 1 of softmax(y) (rows, networks, classes)."""
    e = np.exp(y - y.max(axis=2, keepdims=True))
    mean = (e / e.sum(axis=2, keepdims=True)).mean(axis=1)
    return np.log(np.maximum(mean, np.finfo(y.dtype).tiny))
