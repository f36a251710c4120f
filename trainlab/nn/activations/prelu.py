"""PReLU: a leaky ReLU that learns its slope."""

from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Shape
from trainlab.nn.activation import Activation
from trainlab.nn.layer import Param, Scratch, Slot
from trainlab.nn.sums import total


class PReLU(Activation, name="prelu"):
    """x if x > 0 else slope * x, the slope learned: one for each unit (each channel of images) or one for all.

    It adds few parameters; on small data they can overfit all the same. The slopes are not decayed.

    Source: He et al. 2015, "Delving deep into rectifiers", arXiv:1502.01852, section 2.1.

    >>> PReLU()([-1.0, 0.0, 2.0])
    array([-0.25,  0.  ,  2.  ])
    """

    gain: ClassVar[str] = "he"

    shared: bool = setting(False, "one slope for the whole layer")
    start: float = setting(0.25, "what the slopes start at")

    def params(self, shape: Shape) -> dict[str, Param]:
        """One slope a unit or channel, or one for all."""
        return {"slope": Param((1,) if self.shared else shape[-1:] or (1,), "slope", fill=self.start)}

    def scratch(self, shape: Shape) -> dict[str, Scratch]:
        """Where x > 0, the part of x below zero, and sums."""
        return {
            "positive": Scratch(shape, dtype=np.bool_),
            "below": Scratch(shape),
            "row": Scratch(shape, per_row=False),
        }

    def forward(self, s: Slot) -> None:
        """y = max(0, x) + slope min(0, x)."""
        below = s.tmp["below"]
        np.minimum(s.x, 0, out=below)
        np.multiply(below, s.p["slope"], out=below)
        np.maximum(s.x, 0, out=s.y)
        np.add(s.y, below, out=s.y)

    def backward(self, s: Slot) -> None:
        """dslope = sum of dy min(0, x); dx = dy where x > 0, else slope dy."""
        below, positive, slope = s.tmp["below"], s.tmp["positive"], s.p["slope"]
        np.minimum(s.x, 0, out=below)
        np.multiply(below, s.dy, out=below)
        if slope.size == 1:
            s.g["slope"][0] = np.add.reduce(below, axis=None)
        else:
            total(below, s.tmp["row"], s.g["slope"])
        if s.dx is not None:
            np.greater(s.x, 0, out=positive)
            np.multiply(s.dy, slope, out=s.dx)
            np.copyto(s.dx, s.dy, where=positive)
