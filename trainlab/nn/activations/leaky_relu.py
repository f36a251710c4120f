"""Leaky ReLU: a ReLU whose units cannot die."""

from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Shape
from trainlab.nn.activation import Activation
from trainlab.nn.layer import Scratch, Slot


class LeakyReLU(Activation, name="leaky_relu"):
    """x if x > 0 else slope * x. Keeps a small gradient where `relu` has none.

    Source: Maas, Hannun & Ng 2013, "Rectifier nonlinearities improve neural network acoustic models".

    >>> LeakyReLU(slope=0.1)([-1.0, 0.0, 2.0])
    array([-0.1,  0. ,  2. ])
    """

    gain: ClassVar[str] = "he"

    slope: float = setting(0.01, "slope for x < 0", ge=0, lt=1)

    def scratch(self, shape: Shape) -> dict[str, Scratch]:
        """Where x > 0."""
        return {"positive": Scratch(shape, dtype=np.bool_)}

    def forward(self, s: Slot) -> None:
        """y = max(x, slope x)."""
        np.multiply(s.x, self.slope, out=s.y)
        np.maximum(s.x, s.y, out=s.y)

    def backward(self, s: Slot) -> None:
        """dx = dy where x > 0, else slope dy."""
        if s.dx is not None:
            positive = s.tmp["positive"]
            np.greater(s.x, 0, out=positive)
            np.multiply(s.dy, self.slope, out=s.dx)
            np.copyto(s.dx, s.dy, where=positive)
