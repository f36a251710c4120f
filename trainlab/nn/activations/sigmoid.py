"""Sigmoid: squashes to (0, 1)."""

import numpy as np

from trainlab.nn.activation import Activation
from trainlab.nn.layer import Slot

_FLAT = 80  # beyond it exp overflows float32, and the curve is flat to all its digits


class Sigmoid(Activation, name="sigmoid"):
    """1 / (1 + exp(-x)). Saturates: for |x| > 5 almost no gradient passes, and its outputs are never centered.

    Right as a gate or a probability, rarely as a hidden layer.

    Source: CS231n, "Neural Networks Part 1"; LeCun et al. 1998, "Efficient BackProp", section 4.4.

    >>> Sigmoid()([-1e4, 0.0, 1e4]).round(6)
    array([0. , 0.5, 1. ])
    """

    def forward(self, s: Slot) -> None:
        """y = 1 / (1 + exp(-x)), x cut at -80."""
        y = s.y
        np.negative(s.x, out=y)
        np.minimum(y, _FLAT, out=y)
        np.exp(y, out=y)
        np.add(y, 1, out=y)
        np.reciprocal(y, out=y)

    def backward(self, s: Slot) -> None:
        """dx = dy y (1 - y)."""
        dx = s.dx
        if dx is not None:
            np.subtract(1, s.y, out=dx)
            np.multiply(dx, s.y, out=dx)
            np.multiply(dx, s.dy, out=dx)
