"""Softsign: squashes to (-1, 1), more slowly than tanh."""

from typing import Any, ClassVar

import numpy as np

from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.nn.activation import Activation
from trainlab.nn.layer import Slot, TorchSlot


class Softsign(Activation, name="softsign"):
    """x / (1 + |x|): like `tanh`, but its gradient falls with 1 / x^2 instead of exp(-x), so it saturates later.

    Source: Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks",
    section 3.2.

    >>> Softsign()([-3.0, 0.0, 1.0])
    array([-0.75,  0.  ,  0.5 ])
    """

    saturates: ClassVar[tuple[float, float] | None] = (-0.86, 0.86)
    output_range: ClassVar[tuple[float, float]] = (-1.0, 1.0)

    def forward(self, s: Slot) -> None:
        """y = x / (1 + |x|)."""
        s.y[...] = s.x / (1 + np.abs(s.x))

    def backward(self, s: Slot) -> None:
        """dx = dy (1 - |y|)^2."""
        if s.dx is not None:
            s.dx[...] = s.dy * (1 - np.abs(s.y)) ** 2

    def torch(self, s: TorchSlot) -> Any:
        """`forward` in PyTorch."""
        return s.torch.nn.functional.softsign(s.x)

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        return TorchCode("nn.Softsign()")
