"""An activation is a layer that works on each number alone: same shape in and out, no scratch unless it says so.

To add one, write one class in one file of `trainlab/nn/activations`.
"""

from typing import ClassVar

import numpy as np

from trainlab.core.types import Array, Shape
from trainlab.nn.layer import Layer, Param, Scratch, Slot


class Activation(Layer, kind="activation", rooms=("trainlab.nn.activations",)):
    """y = f(x), number by number."""

    gain: ClassVar[str] = "xavier"  # the init that `auto` picks for the weights before it: he, xavier or lecun

    def out_shape(self, shape: Shape) -> Shape:
        """The same shape."""
        return shape

    def __call__(self, x: object) -> Array:
        """f(x) for any array-like, in float64: to look at, to plot, for doctests."""
        batch = np.atleast_1d(np.asarray(x, dtype=np.float64))
        row = batch.shape[1:]
        y = batch.copy() if self.view else np.empty_like(batch)
        tmp = {k: _memory(s, len(batch)) for k, s in self.scratch(row).items()}
        p = {k: np.full(v.shape, v.fill) for k, v in self.params(row).items()}
        self.forward(Slot(batch, y, np.empty_like(y), None, p, {}, tmp, np.random.default_rng(0), train=False))
        return y


def _memory(scratch: Scratch, rows: int) -> Array:
    shape = (rows, *scratch.shape) if scratch.per_row else scratch.shape
    return np.empty(shape, scratch.dtype or np.float64)


__all__ = ["Activation", "Layer", "Param", "Scratch", "Slot"]
