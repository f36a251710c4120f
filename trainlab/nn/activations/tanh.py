"""Tanh: squashes to (-1, 1), centered."""

import numpy as np

from trainlab.nn.activation import Activation
from trainlab.nn.layer import Slot


class Tanh(Activation, name="tanh"):
    """tanh(x). Centered, unlike `sigmoid`, but it saturates too: for |x| > 3 almost no gradient passes.

    Source: LeCun et al. 1998, "Efficient BackProp", section 4.4.

    >>> Tanh()([-1e4, 0.0, 1e4])
    array([-1.,  0.,  1.])
    """

    def forward(self, s: Slot) -> None:
        """y = tanh(x)."""
        np.tanh(s.x, out=s.y)

    def backward(self, s: Slot) -> None:
        """dx = dy (1 - y^2)."""
        dx = s.dx
        if dx is not None:
            np.multiply(s.y, s.y, out=dx)
            np.subtract(1, dx, out=dx)
            np.multiply(dx, s.dy, out=dx)
