"""Normalization of each row by itself, which `layer_norm`, `group_norm` and `instance_norm` share.

A row of shape (..., channels) is seen as (places, groups, channels / groups). Mean and variance are over the places
and the channels of one group of one row.
"""

from abc import abstractmethod
from math import prod
from typing import Any, ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.nn.layer import Layer, Param, Scratch, Slot, TorchSlot

_AXES = (1, 3)  # places and the channels of a group


class RowNorm(Layer):
    """y = scale * (x - mean) / sqrt(var + eps) + shift, with mean and variance of each group of each row."""

    first: ClassVar[str] = "eps"
    normalizes: ClassVar[bool] = True

    eps: float = setting(1e-5, "added to the variance; keeps the division finite", gt=0)

    @abstractmethod
    def count_groups(self, shape: Shape) -> int:
        """The number of groups that the channels of a row are divided into."""

    def out_shape(self, shape: Shape) -> Shape:
        """The same shape."""
        return shape

    def params(self, shape: Shape) -> dict[str, Param]:
        """scale and shift, one number for each channel."""
        return {"scale": Param(shape[-1:], "scale", fill=1.0), "shift": Param(shape[-1:], "shift")}

    def scratch(self, shape: Shape) -> dict[str, Scratch]:
        """xhat, the normalized x, and inv = 1 / sqrt(var + eps) of each group."""
        return {"xhat": Scratch(shape), "inv": Scratch((1, self.count_groups(shape), 1))}

    def _grouped(self, x: Array) -> Array:
        """x as (rows, places, groups, channels of a group)."""
        rows, *places, channels = x.shape
        groups = self.count_groups(x.shape[1:])
        return x.reshape(rows, prod(places), groups, channels // groups)

    def forward(self, s: Slot) -> None:
        """xhat = (x - mean) / sqrt(var + eps), y = scale xhat + shift."""
        x, xhat, inv = self._grouped(s.x), s.tmp["xhat"], s.tmp["inv"]
        inv[...] = 1 / np.sqrt(x.var(_AXES, keepdims=True) + self.eps)
        xhat[...] = ((x - x.mean(_AXES, keepdims=True)) * inv).reshape(xhat.shape)
        s.y[...] = s.p["scale"] * xhat + s.p["shift"]

    def backward(self, s: Slot) -> None:
        """dscale = sum dy xhat, dshift = sum dy; with d = scale dy: dx = inv (d - mean d - xhat mean(d xhat))."""
        scale, xhat, dy = s.p["scale"], s.tmp["xhat"], s.dy
        shared = tuple(range(dy.ndim - scale.ndim))  # the axes along which scale and shift are the same
        s.g["scale"][...] = (dy * xhat).sum(shared)
        s.g["shift"][...] = dy.sum(shared)
        if s.dx is not None:
            d, xhat = self._grouped(scale * dy), self._grouped(xhat)
            along = xhat * (d * xhat).mean(_AXES, keepdims=True)
            s.dx[...] = (s.tmp["inv"] * (d - d.mean(_AXES, keepdims=True) - along)).reshape(dy.shape)

    def torch(self, s: TorchSlot) -> Any:
        """`forward` in PyTorch: its group norm, or its layer norm for scales of a whole row."""
        scale, shift = s.p["scale"], s.p["shift"]
        row = tuple(s.x.shape[1:])
        if tuple(scale.shape) == row and self.count_groups(row) == 1:
            return s.torch.nn.functional.layer_norm(s.x, row, scale, shift, self.eps)
        x = s.x.movedim(-1, 1)
        return s.torch.nn.functional.group_norm(x, self.count_groups(row), scale, shift, self.eps).movedim(1, -1)

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        made = f"nn.GroupNorm({self.count_groups(shape)}, {shape[-1]}, eps={self.eps})"
        return TorchCode(made, {"weight": p["scale"], "bias": p["shift"]})
