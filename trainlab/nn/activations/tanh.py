"""Tanh: squashes to (-1, 1), centered."""

from typing import Any, ClassVar

import numpy as np

from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.nn.activation import Activation
from trainlab.nn.layer import Slot, TorchSlot


class Tanh(Activation, name="tanh"):
    """tanh(x). Centered, unlike `sigmoid`, but it saturates too: for |x| > 3 almost no gradient passes.

    Source: LeCun et al. 1998, "Efficient BackProp", section 4.4.

    >>> Tanh()([-1e4, 0.0, 1e4])
    array([-1.,  0.,  1.])
    """

    saturates: ClassVar[tuple[float, float] | None] = (-0.99, 0.99)
    output_range: ClassVar[tuple[float, float]] = (-1.0, 1.0)

    def forward(self, s: Slot) -> None:
        """y = tanh(x)."""
        np.tanh(s.x, out=s.y)

    def backward(self, s: Slot) -> None:
        """dx = dy (1 - y^2)."""
        if s.dx is not None:
            s.dx[...] = s.dy * (1 - s.y**2)

    def torch(self, s: TorchSlot) -> Any:
        """`forward` in PyTorch."""
        return s.torch.tanh(s.x)

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        return TorchCode("nn.Tanh()")
