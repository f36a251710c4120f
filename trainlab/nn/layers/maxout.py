"""Maxout: each unit is the largest of several linear functions."""

import numpy as np

from trainlab.core.component import setting
from trainlab.core.errors import ShapeError
from trainlab.core.types import Array, Count, Shape
from trainlab.nn.init import Init
from trainlab.nn.layer import Layer, Param, Scratch, Slot


class Maxout(Layer, name="maxout"):
    """y = max over k of (x W_k + b_k): learns its own convex activation, at k times the parameters of a dense layer.

    It needs no activation after it: with two pieces it can become `relu` or `leaky_relu`, and no unit dies. The
    gradient goes to the winning piece (the first, where two are equal).

    Shapes: x (batch, n_in), W (n_in, pieces * units), the columns of one piece side by side, y (batch, units).

    Source: Goodfellow et al. 2013, arXiv:1302.4389, section 3.
    """

    units: Count = setting("number of outputs")
    pieces: int = setting(2, "linear functions for each unit (k)", ge=2)
    bias: bool = setting(True, "add b")
    init: Init | None = setting(None, "this layer's own init; the model's where it is null")

    def out_shape(self, shape: Shape) -> Shape:
        """(units,) from (n_in,)."""
        if len(shape) != 1:
            raise ShapeError(f"maxout takes rows of numbers, not {shape}; put `flatten` before it")
        return (self.units,)

    def params(self, shape: Shape) -> dict[str, Param]:
        """W and, unless it is left out, b. Only one piece of a unit passes gradient, so fan_out counts one."""
        n_in, columns = shape[0], self.pieces * self.units
        weights = {"W": Param((n_in, columns), fan_in=n_in, fan_out=self.units)}
        return weights | {"b": Param((columns,), "bias")} if self.bias else weights

    def scratch(self, shape: Shape) -> dict[str, Scratch]:
        """All pieces; which units take their gradient from the piece in hand, and which still wait."""
        masks = {key: Scratch((self.units,), dtype=np.bool_) for key in ("here", "open")}
        return masks | {"z": Scratch((self.pieces * self.units,))}

    def _pieces(self, z: Array) -> Array:
        return z.reshape(len(z), self.pieces, self.units)

    def forward(self, s: Slot) -> None:
        """z = x W + b, y = the maximum over the pieces of z."""
        z = s.tmp["z"]
        np.matmul(s.x, s.p["W"], out=z)
        if self.bias:
            np.add(z, s.p["b"], out=z)
        np.maximum.reduce(self._pieces(z), axis=1, out=s.y)

    def backward(self, s: Slot) -> None:
        """dz = dy at the first winning piece; then as a dense layer."""
        z, here, waiting = s.tmp["z"], s.tmp["here"], s.tmp["open"]
        pieces = self._pieces(z)
        waiting.fill(True)
        for k in range(self.pieces):
            piece = pieces[:, k]
            np.equal(piece, s.y, out=here)
            np.logical_and(here, waiting, out=here)
            np.not_equal(waiting, here, out=waiting)
            np.multiply(s.dy, here, out=piece)
        np.matmul(s.x.T, z, out=s.g["W"])
        if self.bias:
            np.add.reduce(z, axis=0, out=s.g["b"])
        if s.dx is not None:
            np.matmul(z, s.p["W"].T, out=s.dx)
