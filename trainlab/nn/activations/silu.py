"""SiLU, also called swish: x times its sigmoid."""

from typing import Any, ClassVar

import numpy as np

from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.nn.activation import Activation
from trainlab.nn.activations._sigmoid import sigmoid
from trainlab.nn.layer import Slot, TorchSlot


class SiLU(Activation, name="silu"):
    """x / (1 + exp(-x)): smooth, unbounded above, dips to -0.28 below zero.

    Source: Elfwing, Uchibe & Doya 2018, arXiv:1702.03118; Ramachandran et al. 2017 ("swish"), arXiv:1710.05941.

    >>> SiLU()([-1e4, -1.0, 1.0]).round(4)
    array([-0.    , -0.2689,  0.7311])
    """

    gain: ClassVar[str] = "he"
    output_range: ClassVar[tuple[float, float]] = (-0.28, np.inf)

    def forward(self, s: Slot) -> None:
        """y = x sigmoid(x)."""
        s.y[...] = s.x * sigmoid(s.x)

    def backward(self, s: Slot) -> None:
        """dx = dy (gate + y (1 - gate)), gate = sigmoid(x)."""
        if s.dx is not None:
            gate = sigmoid(s.x)
            s.dx[...] = s.dy * (gate + s.y * (1 - gate))

    def torch(self, s: TorchSlot) -> Any:
        """`forward` in PyTorch."""
        return s.torch.nn.functional.silu(s.x)

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        return TorchCode("nn.SiLU()")
