"""Hard sigmoid: three straight lines in place of a sigmoid."""

from typing import Any, ClassVar

import numpy as np

from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.nn.activation import Activation
from trainlab.nn.layer import Slot, TorchSlot


class HardSigmoid(Activation, name="hard_sigmoid"):
    """min(max(x / 6 + 1/2, 0), 1): a cheap `sigmoid`. Where |x| > 3 no gradient passes at all.

    Source: Howard et al. 2019, "Searching for MobileNetV3", arXiv:1905.02244, equation 5; torch's hardsigmoid. (Keras 2
    had x / 5 + 1/2.)

    >>> HardSigmoid()([-4.0, 0.0, 1.5])
    array([0.  , 0.5 , 0.75])
    """

    saturates: ClassVar[tuple[float, float] | None] = (1e-6, 1 - 1e-6)
    output_range: ClassVar[tuple[float, float]] = (0.0, 1.0)

    def forward(self, s: Slot) -> None:
        """y = min(max(x / 6 + 1/2, 0), 1)."""
        s.y[...] = np.clip(s.x / 6 + 0.5, 0, 1)

    def backward(self, s: Slot) -> None:
        """dx = dy / 6 between the limits."""
        if s.dx is not None:
            s.dx[...] = np.where((s.y > 0) & (s.y < 1), s.dy / 6, 0)

    def torch(self, s: TorchSlot) -> Any:
        """`forward` in PyTorch, whose own hardsigmoid rounds its slope of 1/6 to float32."""
        return s.torch.clamp(s.x / 6 + 0.5, 0, 1)

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        return TorchCode("nn.Hardsigmoid()")
