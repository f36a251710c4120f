"""ReLU: the default activation."""

from typing import Any, ClassVar

import numpy as np

from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.nn.activation import Activation
from trainlab.nn.layer import Slot, TorchSlot


class ReLU(Activation, name="relu"):
    """max(0, x). Cheap, and never saturates for x > 0, but a unit whose x is always negative is dead: no gradient.

    Source: Nair & Hinton 2010; Krizhevsky et al. 2012 (six times faster than tanh).

    >>> ReLU()([-1.0, 0.0, 2.0])
    array([0., 0., 2.])
    """

    gain: ClassVar[str] = "he"
    fires: ClassVar[bool] = True
    output_range: ClassVar[tuple[float, float]] = (0.0, np.inf)

    def forward(self, s: Slot) -> None:
        """y = max(0, x)."""
        np.maximum(s.x, 0, out=s.y)

    def backward(self, s: Slot) -> None:
        """dx = dy where x > 0, else 0."""
        if s.dx is not None:
            np.multiply(s.dy, s.x > 0, out=s.dx)

    def torch(self, s: TorchSlot) -> Any:
        """`forward` in PyTorch."""
        return s.torch.relu(s.x)

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        return TorchCode("nn.ReLU()")
