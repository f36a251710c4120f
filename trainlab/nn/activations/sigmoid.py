"""Sigmoid: squashes to (0, 1)."""

from typing import Any, ClassVar

from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.nn.activation import Activation
from trainlab.nn.activations._sigmoid import sigmoid
from trainlab.nn.layer import Slot, TorchSlot


class Sigmoid(Activation, name="sigmoid"):
    """1 / (1 + exp(-x)). Saturates: for |x| > 5 almost no gradient passes, and its outputs are never centered.

    Right as a gate or a probability, rarely as a hidden layer.

    Source: CS231n, "Neural Networks Part 1"; LeCun et al. 1998, "Efficient BackProp", section 4.4.

    >>> Sigmoid()([-1e4, 0.0, 1e4]).round(6)
    array([0. , 0.5, 1. ])
    """

    saturates: ClassVar[tuple[float, float] | None] = (0.01, 0.99)
    output_range: ClassVar[tuple[float, float]] = (0.0, 1.0)

    def forward(self, s: Slot) -> None:
        """y = 1 / (1 + exp(-x))."""
        s.y[...] = sigmoid(s.x)

    def backward(self, s: Slot) -> None:
        """dx = dy y (1 - y)."""
        if s.dx is not None:
            s.dx[...] = s.dy * s.y * (1 - s.y)

    def torch(self, s: TorchSlot) -> Any:
        """`forward` in PyTorch."""
        return s.torch.sigmoid(s.x)

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        return TorchCode("nn.Sigmoid()")
