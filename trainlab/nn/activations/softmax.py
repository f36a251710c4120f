"""Softmax: outputs that are positive and add up to 1."""

from typing import Any, ClassVar

import numpy as np

from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.nn.activation import Activation
from trainlab.nn.layer import Slot, TorchSlot


class Softmax(Activation, name="softmax"):
    """exp(x_i) / sum of exp(x_j), over the last axis: positive numbers that add up to 1.

    Not for the output layer: `softmax_cross_entropy` applies it itself, and twice it learns slowly. In a hidden layer
    it lets few units act at a time and passes little gradient.

    Source: Bridle 1990; Bishop 2006, equation 4.62.

    >>> Softmax()([[0.0, 0.0], [1.0, 0.0]]).round(4)
    array([[0.5   , 0.5   ],
           [0.7311, 0.2689]])
    """

    output_range: ClassVar[tuple[float, float]] = (0.0, 1.0)

    def forward(self, s: Slot) -> None:
        """y = exp(x - max x) / sum."""
        np.exp(s.x - s.x.max(axis=-1, keepdims=True), out=s.y)
        s.y /= s.y.sum(axis=-1, keepdims=True)

    def backward(self, s: Slot) -> None:
        """dx = y (dy - sum of dy y)."""
        if s.dx is not None:
            s.dx[...] = s.y * (s.dy - (s.dy * s.y).sum(axis=-1, keepdims=True))

    def torch(self, s: TorchSlot) -> Any:
        """`forward` in PyTorch."""
        return s.torch.softmax(s.x, -1)

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        return TorchCode("nn.Softmax(dim=1)")
