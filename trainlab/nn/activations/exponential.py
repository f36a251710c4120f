"""Exponential: positive outputs, as rates and counts need."""

from typing import Any, ClassVar

import numpy as np

from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.nn.activation import Activation
from trainlab.nn.layer import Slot, TorchSlot

TOP = 80.0  # exp of it is a float32

SOURCE = f'''class Exponential(nn.Module):
    """exp(min(x, {TOP:g}))."""

    def forward(self, x):
        return torch.exp(torch.clamp(x, max={TOP:g}))
'''


class Exponential(Activation, name="exponential"):
    """exp(min(x, 80)): an output layer for numbers that are positive (`loss: poisson` wants log rates instead).

    In a hidden layer it explodes: one large x outweighs all others. (Keras does not stop at 80.)

    Source: Keras, `activations.exponential`; McCullagh & Nelder 1989, "Generalized linear models", log link.

    >>> Exponential()([-1e4, 0.0, 1.0]).round(4)
    array([0.    , 1.    , 2.7183])
    """

    output_range: ClassVar[tuple[float, float]] = (0.0, np.inf)

    def forward(self, s: Slot) -> None:
        """y = exp(min(x, 80))."""
        np.exp(np.minimum(s.x, TOP), out=s.y)

    def backward(self, s: Slot) -> None:
        """dx = dy y, and 0 above 80."""
        if s.dx is not None:
            s.dx[...] = np.where(s.x < TOP, s.dy * s.y, 0)

    def torch(self, s: TorchSlot) -> Any:
        """`forward` in PyTorch."""
        return s.torch.exp(s.torch.clamp(s.x, max=TOP))

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        return TorchCode("Exponential()", classes={"Exponential": SOURCE})
