"""Clip output: in evaluation, predictions stay within the range of the training targets."""

from typing import Any, ClassVar

import numpy as np

from trainlab.core.errors import ShapeError
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.nn.layer import Layer, Param, Slot, TorchSlot

_FAR = float(np.finfo(np.float32).max)

SOURCE = '''class ClipOutput(nn.Module):
    """In evaluation, outputs within limits."""

    def __init__(self, outputs):
        super().__init__()
        self.register_buffer("low", torch.zeros(outputs))
        self.register_buffer("high", torch.zeros(outputs))

    def forward(self, x):
        return x if self.training else torch.minimum(torch.maximum(x, self.low), self.high)
'''


class ClipOutput(Layer, name="clip_output"):
    """y = x in training, min(max(x, low), high) in evaluation; low and high are the least and largest training targets.

    As the last layer of a regression, for each output. A network extrapolates where it has seen no rows, and one wild
    prediction can outweigh all others in the squared error; boosted trees cannot leave the range. Leave it out if
    targets beyond those of the training rows are to be expected. `model.clip_output` puts it behind any model.

    Shapes: x (batch, outputs), low and high (outputs,), y as x.

    Source: Holzmüller et al. 2024, "Better by default", arXiv:2407.04491, section 3.
    """

    linear: ClassVar[bool] = True

    def out_shape(self, shape: Shape) -> Shape:
        """The shape of x."""
        if len(shape) != 1:
            raise ShapeError(f"clip_output takes rows of numbers, not {shape}")
        return shape

    def params(self, shape: Shape) -> dict[str, Param]:
        """The limits, which a run sets before its first step; until then there are none."""
        return {"low": Param(shape, "statistic", fill=-_FAR), "high": Param(shape, "statistic", fill=_FAR)}

    def limit(self, p: dict[str, Array], y: Array) -> None:
        """Set the limits for training targets y (n, k); the outputs of several members stand side by side."""
        members = len(p["low"]) // y.shape[1]
        p["low"][...], p["high"][...] = np.tile(y.min(axis=0), members), np.tile(y.max(axis=0), members)

    def forward(self, s: Slot) -> None:
        """x, in evaluation within the limits."""
        if s.train:
            s.y[...] = s.x
        else:
            np.clip(s.x, s.p["low"], s.p["high"], out=s.y)

    def backward(self, s: Slot) -> None:
        """dx = dy."""
        if s.dx is not None:
            s.dx[...] = s.dy

    def torch(self, s: TorchSlot) -> Any:
        """`forward` in PyTorch."""
        return s.x if s.train else s.x.clamp(s.p["low"], s.p["high"])

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        return TorchCode(f"ClipOutput({shape[0]})", dict(p), {"ClipOutput": SOURCE})
