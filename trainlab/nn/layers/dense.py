"""Dense: every input feeds every unit."""

from typing import Any, Literal

import numpy as np

from trainlab.core.component import setting
from trainlab.core.errors import ShapeError
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Count, Shape
from trainlab.nn.init import Init
from trainlab.nn.layer import Layer, Param, Slot, TorchSlot


class Dense(Layer, name="dense"):
    """y = x W + b: every input feeds every unit.

    With `ntk`, y = x W / sqrt(n_in) + b with weights of variance 1: the same function, but Adam's steps then move the
    outputs by as much in a wide layer as in a narrow one, so one learning rate (0.01 to 0.2) suits every width.

    Shapes: x (batch, n_in), W (n_in, units), b (units,), y (batch, units). Images need a `flatten` first.

    Source: any textbook; CS231n, "Neural Networks Part 1". `ntk`: Jacot et al. 2018, "Neural tangent kernel",
    arXiv:1806.07572, section 2; Holzmüller et al. 2024, arXiv:2407.04491, section 3.2.
    """

    units: Count | Literal["output"] = setting("number of outputs, or `output` for as many as the task needs")
    bias: bool = setting(True, "add b; leave it out before a batch norm")
    init: Init | None = setting(None, "init of this layer; null: the init of the model")
    ntk: bool = setting(
        False, "divide x W by sqrt(n_in) and draw W without that divisor (neural tangent parametrization)"
    )

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
        fans = (1, max(1, round(units / n_in))) if self.ntk else (n_in, units)  # an init divides by sqrt(fan)
        weights = {"W": Param((n_in, units), fan_in=fans[0], fan_out=fans[1])}
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
        if self.ntk:
            s.y *= s.x.shape[1] ** -0.5
        if self.bias:
            s.y += s.p["b"]

    def gradients(self, s: Slot, W: Array) -> None:
        """dW, db and dx of `affine` with these weights."""
        rate = s.x.shape[1] ** -0.5
        np.matmul(s.x.T, s.dy, out=s.g["W"])
        if self.ntk:
            s.g["W"] *= rate
        if self.bias:
            s.g["b"][...] = s.dy.sum(axis=0)
        if s.dx is not None:
            np.matmul(s.dy, W.T, out=s.dx)
            if self.ntk:
                s.dx *= rate

    def torch(self, s: TorchSlot) -> Any:
        """`forward` in PyTorch."""
        return self.torch_affine(s, s.p["W"])

    def torch_affine(self, s: TorchSlot, W: Any) -> Any:
        """`affine` in PyTorch."""
        linear = s.torch.nn.functional.linear
        if self.ntk:
            y = linear(s.x, W.T) * s.x.shape[1] ** -0.5
            return y + s.p["b"] if self.bias else y
        return linear(s.x, W.T, s.p.get("b"))

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        W = p["W"] * p["W"].shape[0] ** -0.5 if self.ntk else p["W"]
        state = {"weight": W.T} | ({"bias": p["b"]} if self.bias else {})
        return TorchCode(f"nn.Linear({shape[0]}, {W.shape[1]}{'' if self.bias else ', bias=False'})", state)
