"""Residual: inner layers plus a shortcut around them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from trainlab.core.component import setting
from trainlab.core.errors import ShapeError
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Shape
from trainlab.nn.layer import Layer, Slot, TorchSlot, run_backward, run_forward
from trainlab.nn.layers.conv import Conv
from trainlab.nn.layers.dense import Dense

SOURCE = '''class Residual(nn.Module):
    """Inner layers plus a shortcut around them."""

    def __init__(self, inner, shortcut=None):
        super().__init__()
        self.inner = inner
        self.shortcut = nn.Identity() if shortcut is None else shortcut

    def forward(self, x):
        return self.inner(x) + self.shortcut(x)
'''


class Residual(Layer, name="residual"):
    """y = f(x) + x, f the inner layers: gradients pass the shortcut unchanged, so very deep networks can be trained.

    If f changes the shape, the shortcut is a learned projection: `dense` for rows; for images `conv` of size 1 with
    the stride that reduces the image as f does. `shortcut` replaces it by your own layers (a conv and a batch norm, for
    example). He et al. apply a `relu` after the sum: write it after this layer.

    Source: He et al. 2016, "Deep residual learning for image recognition", arXiv:1512.03385, equations 1 and 2.
    """

    layers: list[Layer] = setting("the inner layers, first to last", min_length=1)
    shortcut: list[Layer] = setting([], "layers of the shortcut; empty: x itself, or a projection if the shapes differ")

    def sized(self, outputs: int) -> "Residual":
        """The same layer with every inner `output` replaced."""
        return self.model_copy(
            update={
                "layers": [layer.sized(outputs) for layer in self.layers],
                "shortcut": [layer.sized(outputs) for layer in self.shortcut],
            }
        )

    def out_shape(self, shape: Shape) -> Shape:
        """The inner layers' shape, which the shortcut's must equal."""
        out = _through(self.layers, shape)
        other = _through(self._shortcut(shape, out), shape)
        if other != out:
            raise ShapeError(f"the inner layers give {out}, the shortcut {other}; they must be equal to be added")
        return out

    def _shortcut(self, shape: Shape, out: Shape) -> Sequence[Layer]:
        """The layers of the shortcut; none if x itself fits."""
        if self.shortcut or out == shape:
            return self.shortcut
        if len(shape) == len(out) == 1:
            return [Dense(units=out[0], bias=False)]
        if len(shape) == len(out) == 3:
            return [Conv(filters=out[2], size=1, stride=max(1, -(-shape[0] // out[0])), bias=False)]
        raise ShapeError(f"no projection leads from {shape} to {out}; give the `shortcut` its own layers")

    def branches(self, shape: Shape) -> Sequence[Sequence[Layer]]:
        """The inner layers and, unless it is x itself, the shortcut."""
        shortcut = self._shortcut(shape, _through(self.layers, shape))
        return [self.layers, shortcut] if shortcut else [self.layers]

    def forward(self, s: Slot) -> None:
        """y = f(x) + shortcut(x)."""
        for branch in s.branches:
            run_forward(branch)
        ends = [branch[-1][1].y for branch in s.branches]
        np.add(ends[0], ends[1] if len(ends) == 2 else s.x, out=s.y)

    def backward(self, s: Slot) -> None:
        """Both branches get dy; dx is the sum of theirs."""
        for branch in s.branches:
            branch[-1][1].dy[...] = s.dy
            run_backward(branch)
        if s.dx is not None:
            parts = [slot.dx for slot in (branch[0][1] for branch in s.branches) if slot.dx is not None]
            np.add(parts[0], parts[1] if len(parts) == 2 else s.dy, out=s.dx)

    def torch(self, s: TorchSlot) -> Any:
        """`forward` in PyTorch."""
        inner, *shortcut = (branch(s.x) for branch in s.branches)
        return inner + (shortcut[0] if shortcut else s.x)

    def torch_join(self, branches: Sequence[TorchCode]) -> TorchCode:
        """The module of PyTorch."""
        parts = dict(zip(("inner", "shortcut"), branches, strict=False))
        state = {f"{name}.{key}": a for name, code in parts.items() for key, a in code.state.items()}
        classes = {key: text for code in branches for key, text in code.classes.items()}
        made = ", ".join(code.module for code in branches)
        return TorchCode(f"Residual({made})", state, {**classes, "Residual": SOURCE})


def _through(layers: Sequence[Layer], shape: Shape) -> Shape:
    """The shape after these layers."""
    for layer in layers:
        shape = layer.out_shape(shape)
    return shape
