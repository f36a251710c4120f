"""Softplus: a smooth ReLU that is always positive."""

from typing import Any, ClassVar

import numpy as np

from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.nn.activation import Activation
from trainlab.nn.activations._sigmoid import sigmoid
from trainlab.nn.layer import Slot, TorchSlot


class Softplus(Activation, name="softplus"):
    """log(1 + exp(x)): positive everywhere, as a variance or a rate must be.

    Source: Dugas et al. 2001; Glorot, Bordes & Bengio 2011 (as a hidden layer it learns no better than `relu`).

    >>> Softplus()([-1e4, 0.0, 1e4]).round(4)
    array([0.000e+00, 6.931e-01, 1.000e+04])
    """

    gain: ClassVar[str] = "he"
    output_range: ClassVar[tuple[float, float]] = (0.0, np.inf)

    def forward(self, s: Slot) -> None:
        """y = log(exp(0) + exp(x))."""
        np.logaddexp(0, s.x, out=s.y)

    def backward(self, s: Slot) -> None:
        """dx = dy sigmoid(x)."""
        if s.dx is not None:
            s.dx[...] = s.dy * sigmoid(s.x)

    def torch(self, s: TorchSlot) -> Any:
        """`forward` in PyTorch (its own softplus is linear above 20)."""
        return s.torch.logaddexp(s.x, s.torch.zeros_like(s.x))

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        return TorchCode("nn.Softplus()")
