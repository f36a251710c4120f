"""The logistic function, which several activations and losses contain."""

import numpy as np

from trainlab.core.types import Array


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)). x below -80 counts as -80: exp(88) overflows float32, and the curve is flat there."""
    return 1 / (1 + np.exp(-np.maximum(x, -80)))
