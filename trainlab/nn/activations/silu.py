"""SiLU, also called swish: x times its sigmoid."""

from typing import ClassVar

import numpy as np

from trainlab.core.types import Shape
from trainlab.nn.activation import Activation
from trainlab.nn.layer import Scratch, Slot

_FLAT = 80  # beyond it exp overflows float32


class SiLU(Activation, name="silu"):
    """x / (1 + exp(-x)): smooth, unbounded above, dips to -0.28 below zero.

    Source: Elfwing, Uchibe & Doya 2018, arXiv:1702.03118; Ramachandran et al. 2017 ("swish"), arXiv:1710.05941.

    >>> SiLU()([-1e4, -1.0, 1.0]).round(4)
    array([-0.    , -0.2689,  0.7311])
    """

    gain: ClassVar[str] = "he"

    def scratch(self, shape: Shape) -> dict[str, Scratch]:
        """sigmoid(x)."""
        return {"gate": Scratch(shape)}

    def forward(self, s: Slot) -> None:
        """y = x gate, gate = sigmoid(x)."""
        gate = s.tmp["gate"]
        np.negative(s.x, out=gate)
        np.minimum(gate, _FLAT, out=gate)
        np.exp(gate, out=gate)
        np.add(gate, 1, out=gate)
        np.reciprocal(gate, out=gate)
        np.multiply(s.x, gate, out=s.y)

    def backward(self, s: Slot) -> None:
        """dx = dy (gate + y (1 - gate))."""
        dx = s.dx
        if dx is not None:
            gate = s.tmp["gate"]
            np.subtract(1, gate, out=dx)
            np.multiply(dx, s.y, out=dx)
            np.add(dx, gate, out=dx)
            np.multiply(dx, s.dy, out=dx)
