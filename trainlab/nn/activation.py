"""An activation is a layer that maps numbers, nearly always each on its own: the output has the shape of the input.

To add one, write one class in one file of `trainlab/nn/activations`.
"""

from typing import ClassVar

import numpy as np

from trainlab.core.types import Array, Shape
from trainlab.nn.layer import Layer, Slot


class Activation(Layer, kind="activation", rooms=("trainlab.nn.activations",)):
    """y = f(x) for each number, or (softmax) for each row of them."""

    gain: ClassVar[str] = "xavier"  # the init that `auto` picks for the weights before it: he, xavier or lecun
    linear: ClassVar[bool] = False

    def out_shape(self, shape: Shape) -> Shape:
        """The same shape."""
        return shape

    def __call__(self, x: object) -> Array:
        """f(x) for any array-like, in float64: for plots and doctests."""
        batch = np.atleast_1d(np.asarray(x, dtype=np.float64))
        row = batch.shape[1:]
        y = batch.copy() if self.view else np.empty_like(batch)
        p = {k: np.full(v.shape, v.fill) for k, v in self.params(row).items()}
        self.forward(Slot(batch, y, np.empty_like(y), None, p, {}, {}, np.random.default_rng(0), train=False))
        return y
