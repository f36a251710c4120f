"""Convolution: the same small filters at every place of an image."""

from collections.abc import Iterator
from math import prod
from typing import Any

from trainlab.core.component import setting
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Count, Shape
from trainlab.nn.init import Init
from trainlab.nn.layer import Layer, Param, Slot, TorchSlot
from trainlab.nn.layers._windows import Pad, Size, Windows, fold, pair, torch_images, unfold, windows_over

_NUMBERS = 1 << 18  # numbers of unfolded windows at a time: what fits into a core's cache


class Conv(Layer, name="conv"):
    """y = W * x + b: each filter slides over the image (cross-correlation, as in other libraries).

    Output size (W - F + 2P)/S + 1 along each axis, which must be a whole number; `pad: same` gives ceil(W / S), with
    an odd pixel of padding at the right and bottom (as in TensorFlow; torch has `same` for stride 1 only).

    Shapes: x (batch, height, width, channels), W (size, size, channels, filters), b (filters,),
    y (batch, height', width', filters).

    Source: LeCun et al. 1998; CS231n, "Convolutional Networks" (the sum, and convolution as a matrix product).
    """

    filters: Count = setting("number of filters (K): channels of the output")
    size: Size = setting(3, "height and width of a filter (F): one number, or [height, width]")
    stride: Count = setting(1, "step of the window (S)")
    pad: Pad = setting("same", "zeros around the image (P), or `same`, or `valid` for none")
    bias: bool = setting(True, "add b; leave it out before a batch norm")
    init: Init | None = setting(None, "init of this layer; null: the init of the model")

    def out_shape(self, shape: Shape) -> Shape:
        """(height', width', filters)."""
        return (*self._windows(shape).out, self.filters)

    def _windows(self, shape: Shape) -> Windows:
        return windows_over(shape, self.size, self.stride, self.pad)

    def params(self, shape: Shape) -> dict[str, Param]:
        """W and, with `bias`, b."""
        size, channels = pair(self.size), shape[-1]
        area = prod(size)
        weights = {"W": Param((*size, channels, self.filters), fan_in=area * channels, fan_out=area * self.filters)}
        return weights | {"b": Param((self.filters,), "bias")} if self.bias else weights

    def forward(self, s: Slot) -> None:
        """y = (windows of x as rows) W + b."""
        w, W = self._windows(s.x.shape[1:]), s.p["W"].reshape(-1, self.filters)
        for rows in self._portions(s, w):
            s.y[rows] = (unfold(s.x[rows], w) @ W).reshape(s.y[rows].shape)
        if self.bias:
            s.y += s.p["b"]

    def backward(self, s: Slot) -> None:
        """dW = (windows of x as rows)' dy, db = sum dy, dx = dy W' summed over the windows of each pixel."""
        w, W, dW = self._windows(s.x.shape[1:]), s.p["W"], s.g["W"]
        dW.fill(0)
        for rows in self._portions(s, w):
            dy = s.dy[rows].reshape(-1, self.filters)
            dW += (unfold(s.x[rows], w).T @ dy).reshape(W.shape)
            if s.dx is not None:
                fold(dy @ W.reshape(-1, self.filters).T, w, s.dx[rows])
        if self.bias:
            s.g["b"][...] = s.dy.sum(axis=(0, 1, 2))

    def torch(self, s: TorchSlot) -> Any:
        """`forward` in PyTorch. The channels are the last axis in memory: its `channels_last`."""
        w = self._windows(tuple(s.x.shape[1:]))
        x, before = torch_images(s, w)
        y = s.torch.nn.functional.conv2d(x, s.p["W"].permute(3, 2, 0, 1), s.p.get("b"), w.stride, before)
        return y.permute(0, 2, 3, 1)

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        w, bias = self._windows(shape), "" if self.bias else ", bias=False"
        (top, bottom), (left, right) = w.vertical, w.horizontal
        alike = top == bottom and left == right
        pad = f", padding={(top, left)}" if alike and w.padded else ""
        made = f"nn.Conv2d({shape[-1]}, {self.filters}, {w.size}, stride={w.stride}{pad}{bias})"
        place = "" if alike else "1."
        state = {f"{place}weight": p["W"].transpose(3, 2, 0, 1)} | ({f"{place}bias": p["b"]} if self.bias else {})
        if not alike:
            made = f"nn.Sequential(nn.ZeroPad2d({(left, right, top, bottom)}), {made})"
        return TorchCode(made, state)

    @staticmethod
    def _portions(s: Slot, w: Windows) -> Iterator[slice]:
        """The batch in portions whose unfolded windows fit into the cache."""
        step = max(1, _NUMBERS // (prod(w.out) * prod(w.size) * s.x.shape[-1]))
        return (slice(start, start + step) for start in range(0, len(s.x), step))
