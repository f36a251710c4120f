"""DropConnect: a dense layer that loses weights at random while training."""

from typing import Literal

import numpy as np

from trainlab.core.component import setting
from trainlab.core.errors import ShapeError
from trainlab.core.types import Count, Shape
from trainlab.nn.init import Init
from trainlab.nn.layer import Layer, Param, Scratch, Slot


class DropConnect(Layer, name="drop_connect"):
    """y = x (W mask) / (1 - drop) + b: each weight is zeroed with chance `drop`; evaluation uses all of W.

    One mask for the whole batch, drawn anew at each step; kept weights are scaled up, as in inverted dropout. (Wan et
    al. draw a mask for each row and sample at evaluation; one mask a batch costs far less.)

    Shapes: x (batch, n_in), W (n_in, units), b (units,), y (batch, units).

    Source: Wan et al. 2013, "Regularization of neural networks using DropConnect".
    """

    units: Count | Literal["output"] = setting("number of outputs, or `output` for as many as the task needs")
    drop: float = setting(0.5, "share of the weights that is zeroed", ge=0, lt=1)
    bias: bool = setting(True, "add b")
    init: Init | None = setting(None, "this layer's own init; the model's where it is null")

    def sized(self, outputs: int) -> "DropConnect":
        """`output` replaced by the number of outputs."""
        return self.model_copy(update={"units": outputs}) if self.units == "output" else self

    def out_shape(self, shape: Shape) -> Shape:
        """(units,) from (n_in,)."""
        if len(shape) != 1:
            raise ShapeError(f"drop_connect takes rows of numbers, not {shape}; put `flatten` before it")
        return (int(self.units),)

    def params(self, shape: Shape) -> dict[str, Param]:
        """W and, unless it is left out, b."""
        n_in, units = shape[0], int(self.units)
        weights = {"W": Param((n_in, units), fan_in=n_in, fan_out=units)}
        return weights | {"b": Param((units,), "bias")} if self.bias else weights

    def scratch(self, shape: Shape) -> dict[str, Scratch]:
        """What each weight is multiplied by, and the product."""
        W = Scratch((shape[0], int(self.units)), per_row=False)
        return {"factor": W, "thinned": W}

    def forward(self, s: Slot) -> None:
        """y = x (W factor) + b; the factor is 0 or 1 / (1 - drop)."""
        W = s.p["W"]
        if s.train:
            factor, thinned = s.tmp["factor"], s.tmp["thinned"]
            s.rng.random(out=factor, dtype=factor.dtype.type)
            np.greater_equal(factor, self.drop, out=factor)
            np.multiply(factor, 1 / (1 - self.drop), out=factor)
            np.multiply(W, factor, out=thinned)
        np.matmul(s.x, s.tmp["thinned"] if s.train else W, out=s.y)
        if self.bias:
            np.add(s.y, s.p["b"], out=s.y)

    def backward(self, s: Slot) -> None:
        """dW = (x' dy) factor, db = sum dy, dx = dy (W factor)'."""
        np.matmul(s.x.T, s.dy, out=s.g["W"])
        np.multiply(s.g["W"], s.tmp["factor"], out=s.g["W"])
        if self.bias:
            np.add.reduce(s.dy, axis=0, out=s.g["b"])
        if s.dx is not None:
            np.matmul(s.dy, s.tmp["thinned"].T, out=s.dx)
