"""PReLU: a leaky ReLU that learns its slope."""

from typing import Any, ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.nn.activation import Activation
from trainlab.nn.layer import Param, Slot, TorchSlot


class PReLU(Activation, name="prelu"):
    """x if x > 0 else slope * x, with a learned slope: one for each unit (each channel of images) or one for all.

    It adds few parameters, but on small data they can overfit all the same. The slopes are not decayed.

    Source: He et al. 2015, "Delving deep into rectifiers", arXiv:1502.01852, section 2.1.

    >>> PReLU()([-1.0, 0.0, 2.0])
    array([-0.25,  0.  ,  2.  ])
    """

    gain: ClassVar[str] = "he"

    shared: bool = setting(False, "one slope for the whole layer")
    start: float = setting(0.25, "initial value of the slopes")

    def params(self, shape: Shape) -> dict[str, Param]:
        """One slope for each unit or channel, or one for all."""
        return {"slope": Param((1,) if self.shared else shape[-1:] or (1,), "slope", fill=self.start)}

    def forward(self, s: Slot) -> None:
        """y = x where x > 0, else slope x."""
        s.y[...] = np.where(s.x > 0, s.x, s.p["slope"] * s.x)

    def backward(self, s: Slot) -> None:
        """dslope = sum of dy x where x < 0; dx = dy where x > 0, else slope dy."""
        slope = s.p["slope"]
        axes = None if slope.size == 1 else tuple(range(s.x.ndim - 1))
        s.g["slope"][...] = (s.dy * np.minimum(s.x, 0)).sum(axis=axes)
        if s.dx is not None:
            s.dx[...] = np.where(s.x > 0, s.dy, slope * s.dy)

    def torch(self, s: TorchSlot) -> Any:
        """`forward` in PyTorch."""
        return s.torch.where(s.x > 0, s.x, s.p["slope"] * s.x)

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        return TorchCode(f"nn.PReLU({p['slope'].size})", {"weight": p["slope"]})
