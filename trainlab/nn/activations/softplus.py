"""Softplus: a smooth ReLU that is always positive."""

from typing import ClassVar

import numpy as np

from trainlab.core.types import Shape
from trainlab.nn.activation import Activation
from trainlab.nn.layer import Scratch, Slot


class Softplus(Activation, name="softplus"):
    """log(1 + exp(x)): positive everywhere, as a variance or a rate must be.

    Source: Dugas et al. 2001; Glorot, Bordes & Bengio 2011 (as a hidden layer it learns no better than `relu`).

    >>> Softplus()([-1e4, 0.0, 1e4]).round(4)
    array([0.000e+00, 6.931e-01, 1.000e+04])
    """

    gain: ClassVar[str] = "he"

    def scratch(self, shape: Shape) -> dict[str, Scratch]:
        """max(0, x)."""
        return {"ramp": Scratch(shape)}

    def forward(self, s: Slot) -> None:
        """y = max(0, x) + log(1 + exp(-|x|)), which nothing overflows."""
        y, ramp = s.y, s.tmp["ramp"]
        np.abs(s.x, out=y)
        np.negative(y, out=y)
        np.exp(y, out=y)
        np.log1p(y, out=y)
        np.maximum(s.x, 0, out=ramp)
        np.add(y, ramp, out=y)

    def backward(self, s: Slot) -> None:
        """dx = dy sigmoid(x), and sigmoid(x) = 1 - exp(-y)."""
        dx = s.dx
        if dx is not None:
            np.negative(s.y, out=dx)
            np.expm1(dx, out=dx)
            np.negative(dx, out=dx)
            np.multiply(dx, s.dy, out=dx)
