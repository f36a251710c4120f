"""Dropout: switches units off at random while training."""

from typing import Literal

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Shape
from trainlab.nn.layer import Layer, Scratch, Slot


class Dropout(Layer, name="dropout"):
    """Zeroes each number with chance `drop` while training, so that no unit can rely on one other.

    `inverted`: what is kept is divided by 1 - drop, and evaluation does nothing. `vanilla`, as first published:
    training does not scale, evaluation multiplies by 1 - drop. `unscaled` never scales: the classic mistake, to
    study; evaluation then sees inputs 1 / (1 - drop) times as large as training did.

    Source: Srivastava et al. 2014, JMLR 15; CS231n, "Neural Networks Part 2" (inverted dropout).
    """

    drop: float = setting(0.5, "share of the numbers that is zeroed (not the share that is kept)", ge=0, lt=1)
    mode: Literal["inverted", "vanilla", "unscaled"] = setting("inverted", "where the scale is mended, if at all")

    def out_shape(self, shape: Shape) -> Shape:
        """The same shape."""
        return shape

    def scratch(self, shape: Shape) -> dict[str, Scratch]:
        """What each number is multiplied by."""
        return {"factor": Scratch(shape)}

    def forward(self, s: Slot) -> None:
        """y = x factor in training; x, or for `vanilla` x (1 - drop), in evaluation."""
        if s.train:
            factor = s.tmp["factor"]
            s.rng.random(out=factor, dtype=factor.dtype.type)
            np.greater_equal(factor, self.drop, out=factor)
            if self.mode == "inverted":
                np.multiply(factor, 1 / (1 - self.drop), out=factor)
            np.multiply(s.x, factor, out=s.y)
        elif self.mode == "vanilla":
            np.multiply(s.x, 1 - self.drop, out=s.y)
        else:
            np.copyto(s.y, s.x)

    def backward(self, s: Slot) -> None:
        """dx = dy factor."""
        if s.dx is not None:
            np.multiply(s.dy, s.tmp["factor"], out=s.dx)
