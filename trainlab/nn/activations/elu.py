"""ELU: linear above zero, exponential below."""

from typing import Any, ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.nn.activation import Activation
from trainlab.nn.layer import Slot, TorchSlot


class ELU(Activation, name="elu"):
    """x if x > 0 else alpha * (exp(x) - 1). Smooth, with a mean closer to zero than `relu`, at the price of an exp.

    Source: Clevert, Unterthiner & Hochreiter 2016, arXiv:1511.07289.

    >>> ELU()([-1e4, -1.0, 2.0]).round(4)
    array([-1.    , -0.6321,  2.    ])
    """

    gain: ClassVar[str] = "he"
    output_range: ClassVar[tuple[float, float]] = (-1.0, np.inf)

    alpha: float = setting(1.0, "-alpha is the limit for large negative x", ge=0)

    def forward(self, s: Slot) -> None:
        """y = x where x > 0, else alpha (exp(x) - 1)."""
        s.y[...] = np.where(s.x > 0, s.x, self.alpha * np.expm1(np.minimum(s.x, 0)))

    def backward(self, s: Slot) -> None:
        """dx = dy where x > 0, else (y + alpha) dy."""
        if s.dx is not None:
            s.dx[...] = np.where(s.x > 0, s.dy, (s.y + self.alpha) * s.dy)

    def torch(self, s: TorchSlot) -> Any:
        """`forward` in PyTorch."""
        return s.torch.nn.functional.elu(s.x, self.alpha)

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        return TorchCode(f"nn.ELU({self.alpha})")
