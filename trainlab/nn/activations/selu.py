"""SELU: the self-normalizing ELU."""

from typing import Any, ClassVar

import numpy as np

from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.nn.activation import Activation
from trainlab.nn.layer import Slot, TorchSlot

ALPHA = 1.6732632423543772
SCALE = 1.0507009873554805


class SELU(Activation, name="selu"):
    """1.0507 * (x if x > 0 else 1.6733 * (exp(x) - 1)): keeps mean 0 and variance 1 from layer to layer.

    This works only with `lecun` init, standardized inputs and plain dense layers; ordinary dropout breaks it.

    Source: Klambauer et al. 2017, "Self-normalizing neural networks", arXiv:1706.02515, equation 2 and appendix A1.

    >>> SELU()([-1e4, 0.0, 1.0]).round(4)
    array([-1.7581,  0.    ,  1.0507])
    """

    gain: ClassVar[str] = "lecun"
    output_range: ClassVar[tuple[float, float]] = (-1.76, np.inf)

    def forward(self, s: Slot) -> None:
        """y = scale x where x > 0, else scale alpha (exp(x) - 1)."""
        s.y[...] = SCALE * np.where(s.x > 0, s.x, ALPHA * np.expm1(np.minimum(s.x, 0)))

    def backward(self, s: Slot) -> None:
        """dx = scale dy where x > 0, else (y + scale alpha) dy."""
        if s.dx is not None:
            s.dx[...] = np.where(s.x > 0, SCALE * s.dy, (s.y + SCALE * ALPHA) * s.dy)

    def torch(self, s: TorchSlot) -> Any:
        """`forward` in PyTorch, which has the same constants."""
        return s.torch.selu(s.x)

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        return TorchCode("nn.SELU()")
