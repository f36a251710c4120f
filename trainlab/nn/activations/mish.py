"""Mish: x times the tanh of its softplus."""

from typing import Any, ClassVar

import numpy as np

from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.nn.activation import Activation
from trainlab.nn.activations._sigmoid import sigmoid
from trainlab.nn.layer import Slot, TorchSlot


class Mish(Activation, name="mish"):
    """x tanh(log(1 + exp(x))): smooth, unbounded above, dips to -0.31 below zero; close to `silu`, but steeper.

    Source: Misra 2020, "Mish: A self regularized non-monotonic activation function", arXiv:1908.08681, equation 1.

    >>> Mish()([-1e4, -1.0, 1.0]).round(4)
    array([-0.    , -0.3034,  0.8651])
    """

    gain: ClassVar[str] = "he"
    output_range: ClassVar[tuple[float, float]] = (-0.31, np.inf)

    def forward(self, s: Slot) -> None:
        """y = x tanh(softplus(x))."""
        s.y[...] = s.x * np.tanh(np.logaddexp(0, s.x))

    def backward(self, s: Slot) -> None:
        """dx = dy (gate + x (1 - gate^2) sigmoid(x)), gate = tanh(softplus(x))."""
        if s.dx is not None:
            gate = np.tanh(np.logaddexp(0, s.x))
            s.dx[...] = s.dy * (gate + s.x * (1 - gate**2) * sigmoid(s.x))

    def torch(self, s: TorchSlot) -> Any:
        """`forward` in PyTorch."""
        return s.torch.nn.functional.mish(s.x)

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        return TorchCode("nn.Mish()")
