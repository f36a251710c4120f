"""Dense: every input feeds every unit."""

from typing import Literal

import numpy as np

from trainlab.core.component import setting
from trainlab.core.errors import ShapeError
from trainlab.core.types import Array, Count, Shape
from trainlab.nn.init import Init
from trainlab.nn.layer import Layer, Param, Slot


class Dense(Layer, name="dense"):
    """y = x W + b: every input feeds every unit.

    Shapes: x (batch, n_in), W (n_in, units), b (units,), y (batch, units). Images need a `flatten` first.

    Source: any textbook; CS231n, "Neural Networks Part 1".
    """

    units: Count | Literal["output"] = setting("number of outputs, or `output` for as many as the task needs")
    bias: bool = setting(True, "add b; leave it out before a batch norm")
    init: Init | None = setting(None, "init of this layer; null: the init of the model")

    def sized(self, outputs: int) -> "Dense":
        """`output` replaced by the number of outputs."""
        return self.model_copy(update={"units": outputs}) if self.units == "output" else self

    def out_shape(self, shape: Shape) -> Shape:
        """(units,) from (n_in,)."""
        if len(shape) != 1:
            raise ShapeError(f"{self.name} takes rows of numbers, not {shape}; put `flatten` before it")
        return (int(self.units),)

    def params(self, shape: Shape) -> dict[str, Param]:
        """W and, with `bias`, b."""
        n_in, units = shape[0], int(self.units)
        weights = {"W": Param((n_in, units), fan_in=n_in, fan_out=units)}
        return weights | {"b": Param((units,), "bias")} if self.bias else weights

    def forward(self, s: Slot) -> None:
        """y = x W + b."""
        self.affine(s, s.p["W"])

    def backward(self, s: Slot) -> None:
        """dW = x' dy, db = sum dy, dx = dy W'."""
        self.gradients(s, s.p["W"])

    def affine(self, s: Slot, W: Array) -> None:
        """y = x W + b with these weights."""
        np.matmul(s.x, W, out=s.y)
        if self.bias:
            s.y += s.p["b"]

    def gradients(self, s: Slot, W: Array) -> None:
        """dW, db and dx of `affine` with these weights."""
        np.matmul(s.x.T, s.dy, out=s.g["W"])
        if self.bias:
            s.g["b"][...] = s.dy.sum(axis=0)
        if s.dx is not None:
            np.matmul(s.dy, W.T, out=s.dx)
