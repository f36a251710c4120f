"""Maxout: each unit is the largest of several linear functions."""

from typing import Any, ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.errors import ShapeError
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Count, Shape
from trainlab.nn.init import Init
from trainlab.nn.layer import Layer, Param, Scratch, Slot, TorchSlot

SOURCE = '''class Maxout(nn.Linear):
    """Each unit is the largest of several linear functions."""

    def __init__(self, pieces, *sizes, bias=True):
        super().__init__(*sizes, bias=bias)
        self.pieces = pieces

    def forward(self, x):
        return super().forward(x).unflatten(1, (self.pieces, -1)).amax(1)
'''


class Maxout(Layer, name="maxout"):
    """y = max over k of (x W_k + b_k): learns its own convex activation, at k times the parameters of a dense layer.

    It needs no activation after it: with two pieces it can become `relu` or `leaky_relu`, and no unit dies. The
    gradient goes to the winning piece (the first, where two are equal).

    Shapes: x (batch, n_in), W (n_in, pieces * units), the columns of one piece side by side, y (batch, units).

    Source: Goodfellow et al. 2013, arXiv:1302.4389, section 3.
    """

    linear: ClassVar[bool] = False

    units: Count = setting("number of outputs")
    pieces: int = setting(2, "linear functions for each unit (k)", ge=2)
    bias: bool = setting(True, "add b")
    init: Init | None = setting(None, "init of this layer; null: the init of the model")

    def out_shape(self, shape: Shape) -> Shape:
        """(units,) from (n_in,)."""
        if len(shape) != 1:
            raise ShapeError(f"maxout takes rows of numbers, not {shape}; put `flatten` before it")
        return (self.units,)

    def params(self, shape: Shape) -> dict[str, Param]:
        """W and, with `bias`, b. Only one piece of a unit passes gradient, so fan_out counts one."""
        n_in, columns = shape[0], self.pieces * self.units
        weights = {"W": Param((n_in, columns), fan_in=n_in, fan_out=self.units)}
        return weights | {"b": Param((columns,), "bias")} if self.bias else weights

    def scratch(self, shape: Shape) -> dict[str, Scratch]:
        """z, the outputs of all pieces."""
        return {"z": Scratch((self.pieces * self.units,))}

    def _pieces(self, z: Array) -> Array:
        return z.reshape(len(z), self.pieces, self.units)

    def forward(self, s: Slot) -> None:
        """z = x W + b, y = the maximum over the pieces of z."""
        z = s.tmp["z"]
        np.matmul(s.x, s.p["W"], out=z)
        if self.bias:
            z += s.p["b"]
        self._pieces(z).max(axis=1, out=s.y)

    def backward(self, s: Slot) -> None:
        """dz = dy at the first winning piece of each unit; then as in a dense layer."""
        pieces = self._pieces(s.tmp["z"])
        won = np.arange(self.pieces)[:, None] == pieces.argmax(axis=1)[:, None, :]
        dz = (s.dy[:, None, :] * won).reshape(len(s.dy), -1)
        np.matmul(s.x.T, dz, out=s.g["W"])
        if self.bias:
            s.g["b"][...] = dz.sum(axis=0)
        if s.dx is not None:
            np.matmul(dz, s.p["W"].T, out=s.dx)

    def torch(self, s: TorchSlot) -> Any:
        """`forward` in PyTorch."""
        z = s.torch.addmm(s.p["b"], s.x, s.p["W"]) if self.bias else s.x @ s.p["W"]
        return z.unflatten(1, (self.pieces, self.units)).max(dim=1).values

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        n_in, columns = p["W"].shape
        made = f"Maxout({self.pieces}, {n_in}, {columns}{'' if self.bias else ', bias=False'})"
        state = {"weight": p["W"].T} | ({"bias": p["b"]} if self.bias else {})
        return TorchCode(made, state, {"Maxout": SOURCE})
