"""MemberDense: a dense layer in each of several networks that lie side by side."""

from typing import Any

import numpy as np

from trainlab.core.errors import ShapeError
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.nn.layer import Param, Slot, TorchSlot
from trainlab.nn.layers._members import MemberLayer

SOURCE = '''class MemberLinear(nn.Module):
    """Linear layers side by side: each reads its own columns of x."""

    def __init__(self, members, inputs, units, bias=True):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(members, inputs, units))
        self.bias = nn.Parameter(torch.zeros(members * units)) if bias else None

    def forward(self, x):
        apart = x.unflatten(1, (len(self.weight), -1)).transpose(0, 1)
        y = (apart @ self.weight).transpose(0, 1).flatten(1)
        return y if self.bias is None else y + self.bias
'''


class MemberDense(MemberLayer, name="member_dense"):
    """y_m = x_m W_m + b_m: every member of an ensemble inside one network reads its own columns.

    `train.members` puts it in the place of every dense layer after the first. It is to `dense` what a grouped
    convolution is to a convolution.

    Shapes: x (batch, members n), W (n, members units), b (members units,), y (batch, members units); those of a member
    are columns side by side.

    Source: Laurent et al. 2023, "Packed-Ensembles", arXiv:2210.09184, section 3 (grouped layers).
    """

    def out_shape(self, shape: Shape) -> Shape:
        """(members units,) from (members n,)."""
        out = super().out_shape(shape)
        if shape[0] % self.members:
            raise ShapeError(f"{self.name} cannot divide {shape[0]} columns evenly among {self.members} members")
        return out

    def params(self, shape: Shape) -> dict[str, Param]:
        """W and, with `bias`, b."""
        return super().params((shape[0] // self.members,))

    def affine(self, s: Slot, W: Array) -> None:
        """y_m = x_m W_m + b_m."""
        self._apart(s.y)[...] = np.matmul(self._apart(s.x), self._apart(W)) * self._rate(s)
        if self.bias:
            s.y += s.p["b"]

    def gradients(self, s: Slot, W: Array) -> None:
        """dW_m = x_m' dy_m, db = sum of dy, dx_m = dy_m W_m'."""
        x, dy, rate = self._apart(s.x), self._apart(s.dy), self._rate(s)
        self._apart(s.g["W"])[...] = np.matmul(x.swapaxes(1, 2), dy) * rate
        if self.bias:
            s.g["b"][...] = s.dy.sum(axis=0)
        if s.dx is not None:
            self._apart(s.dx)[...] = np.matmul(dy, self._apart(W).swapaxes(1, 2)) * rate

    def torch_affine(self, s: TorchSlot, W: Any) -> Any:
        """`affine` in PyTorch."""
        x, own = (a.reshape(len(a), self.members, -1).transpose(0, 1) for a in (s.x, W))
        y = (x @ own).transpose(0, 1).reshape(len(s.x), -1) * self._rate(s)
        return y + s.p["b"] if self.bias else y

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        rate = p["W"].shape[0] ** -0.5 if self.ntk else 1.0
        state = {"weight": self._apart(p["W"]) * rate} | ({"bias": p["b"]} if self.bias else {})
        members, inputs, units = state["weight"].shape
        made = f"MemberLinear({members}, {inputs}, {units}{'' if self.bias else ', bias=False'})"
        return TorchCode(made, state, {"MemberLinear": SOURCE})

    def _apart(self, a: Array) -> Array:
        """(rows, members n) as (members, rows, n), in the same memory."""
        return a.reshape(len(a), self.members, -1).swapaxes(0, 1)

    def _rate(self, s: Slot | TorchSlot) -> float:
        return len(s.p["W"]) ** -0.5 if self.ntk else 1.0
