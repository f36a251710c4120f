"""ReLU: the default activation."""

from typing import ClassVar

import numpy as np

from trainlab.nn.activation import Activation
from trainlab.nn.constants import zeros
from trainlab.nn.layer import Slot


class ReLU(Activation, name="relu"):
    """max(0, x). Cheap and never saturates for x > 0, but a unit whose x is always negative is dead: no gradient.

    Source: Nair & Hinton 2010; Krizhevsky et al. 2012 (six times faster than tanh).

    >>> ReLU()([-1.0, 0.0, 2.0])
    array([0., 0., 2.])
    """

    gain: ClassVar[str] = "he"

    def forward(self, s: Slot) -> None:
        """y = max(0, x)."""
        np.maximum(s.x, zeros(s.x.shape, s.x.dtype), out=s.y)

    def backward(self, s: Slot) -> None:
        """dx = dy where y > 0: y is never negative, so its sign is the mask."""
        if s.dx is not None:
            np.sign(s.y, out=s.dx)
            np.multiply(s.dx, s.dy, out=s.dx)
