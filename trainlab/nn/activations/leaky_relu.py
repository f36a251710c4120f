"""Leaky ReLU: a ReLU whose units cannot die."""

from typing import Any, ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.nn.activation import Activation
from trainlab.nn.layer import Slot, TorchSlot


class LeakyReLU(Activation, name="leaky_relu"):
    """x if x > 0 else slope * x. Keeps a small gradient where `relu` has none.

    Source: Maas, Hannun & Ng 2013, "Rectifier nonlinearities improve neural network acoustic models".

    >>> LeakyReLU(slope=0.1)([-1.0, 0.0, 2.0])
    array([-0.1,  0. ,  2. ])
    """

    gain: ClassVar[str] = "he"

    slope: float = setting(0.01, "slope for x < 0", ge=0, lt=1)

    def forward(self, s: Slot) -> None:
        """y = x where x > 0, else slope x."""
        np.maximum(s.x, self.slope * s.x, out=s.y)

    def backward(self, s: Slot) -> None:
        """dx = dy where x > 0, else slope dy."""
        if s.dx is not None:
            s.dx[...] = np.where(s.x > 0, s.dy, self.slope * s.dy)

    def torch(self, s: TorchSlot) -> Any:
        """`forward` in PyTorch."""
        return s.torch.nn.functional.leaky_relu(s.x, self.slope)

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        return TorchCode(f"nn.LeakyReLU({self.slope})")
