"""Convolution: the same small filters at every place of an image."""

from math import prod

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array, Count, Shape
from trainlab.nn.init import Init
from trainlab.nn.layer import Layer, Param, Scratch, Slot
from trainlab.nn.layers._windows import Pad, Size, Windows, fold, pair, unfold, windows_over
from trainlab.nn.sums import total

_NUMBERS = 1 << 18  # windows unfolded at a time: what fits into a core's cache


class Conv(Layer, name="conv"):
    """y = W * x + b: each filter looks through a window that slides over the image (cross-correlation, as everywhere).

    Output size (W - F + 2P)/S + 1 along each axis, which must be a whole number; `pad: same` gives ceil(W / S), with
    the odd pixel of padding at the right and bottom (as TensorFlow; torch has `same` for stride 1 only).

    Shapes: x (batch, height, width, channels), W (size, size, channels, filters), b (filters,),
    y (batch, height', width', filters).

    Source: LeCun et al. 1998; CS231n, "Convolutional Networks" (the sum, and convolution as a matrix product).
    """

    filters: Count = setting("number of filters (K): channels of the output")
    size: Size = setting(3, "height and width of a filter (F): one number, or [height, width]")
    stride: Count = setting(1, "step of the window (S)")
    pad: Pad = setting("same", "zeros around the image (P), or `same`, or `valid` for none")
    bias: bool = setting(True, "add b; leave it out before a batch norm")
    init: Init | None = setting(None, "this layer's own init; the model's where it is null")

    def out_shape(self, shape: Shape) -> Shape:
        """(height', width', filters)."""
        return (*self._windows(shape).out, self.filters)

    def _windows(self, shape: Shape) -> Windows:
        return windows_over(shape, self.size, self.stride, self.pad)

    def params(self, shape: Shape) -> dict[str, Param]:
        """W and, unless it is left out, b."""
        size, channels = pair(self.size), shape[-1]
        area = prod(size)
        weights = {"W": Param((*size, channels, self.filters), fan_in=area * channels, fan_out=area * self.filters)}
        return weights | {"b": Param((self.filters,), "bias")} if self.bias else weights

    def scratch(self, shape: Shape) -> dict[str, Scratch]:
        """Images with their border, and their windows as rows, for a few rows of the batch at a time; the same of dy
        where the stride is 1; sums.
        """
        w, channels = self._windows(shape), shape[-1]
        asked = {"row": Scratch((*w.out, self.filters), per_row=False)}
        if _pointwise(w):
            return asked
        asked |= _unfolding("x", w, channels)
        asked["part"] = Scratch((prod(w.size) * channels, self.filters), per_row=False)
        if self.stride == 1:
            asked |= _unfolding("dy", _mirrored(w), self.filters)
            asked["mirror"] = Scratch((*w.size, self.filters, channels), per_row=False)
        return asked

    def forward(self, s: Slot) -> None:
        """y = (windows of x as rows) W + b."""
        w = self._windows(s.x.shape[1:])
        _correlate(s.x, s.p["W"], s.y, w, s.tmp, "x")
        if self.bias:
            np.add(s.y, s.p["b"], out=s.y)

    def backward(self, s: Slot) -> None:
        """dW = (windows of x)' dy, db = sum dy; dx = dy correlated with the mirrored W, or dy W' put back in place."""
        w = self._windows(s.x.shape[1:])
        self._weights(s, w)
        if self.bias:
            total(s.dy, s.tmp["row"], s.g["b"])
        if s.dx is None:
            return
        if _pointwise(w):
            W = s.p["W"]
            np.matmul(s.dy.reshape(-1, W.shape[3]), W.reshape(W.shape[2:]).T, out=_rows(s.dx))
        elif self.stride == 1:
            mirror = s.tmp["mirror"]
            np.copyto(mirror, s.p["W"][::-1, ::-1].transpose(0, 1, 3, 2))
            _correlate(s.dy, mirror, s.dx, _mirrored(w), s.tmp, "dy")
        else:
            self._scatter(s, w)

    def _weights(self, s: Slot, w: Windows) -> None:
        """dW, summed over a few rows of the batch at a time."""
        g = s.g["W"].reshape(-1, self.filters)
        if _pointwise(w):
            np.matmul(_rows(s.x).T, _rows(s.dy), out=g)
            return
        part = s.tmp["part"]
        step = len(s.tmp["x_windows"])
        for start in range(0, len(s.x), step):
            columns = _unfolded(s.x[start : start + step], w, s.tmp, "x")
            dy = _rows(s.dy[start : start + step])
            if start == 0:
                np.matmul(columns.T, dy, out=g)
            else:
                np.matmul(columns.T, dy, out=part)
                np.add(g, part, out=g)

    def _scatter(self, s: Slot, w: Windows) -> None:
        """dx for any stride."""
        dx = s.dx
        if dx is None:
            return
        W = s.p["W"].reshape(-1, self.filters)
        windows, padded = s.tmp["x_windows"], s.tmp.get("x_padded")
        step = len(windows)
        for start in range(0, len(dx), step):
            part = dx[start : start + step]
            columns = windows[: len(part)]
            np.matmul(_rows(s.dy[start : start + step]), W.T, out=columns.reshape(-1, len(W)))
            fold(columns, w, None if padded is None else padded[: len(part)], part)


def _rows(images: Array) -> Array:
    """(batch, height, width, channels) as (all places, channels)."""
    return images.reshape(-1, images.shape[-1])


def _pointwise(w: Windows) -> bool:
    """Whether a window is one pixel and each pixel has one: x is its own unfolding."""
    return w.size == w.stride == (1, 1)


def _mirrored(w: Windows) -> Windows:
    """The windows over dy (stride 1) that give dx: as much border as makes the image whole again."""
    (top, bottom), (left, right), (height, width) = w.vertical, w.horizontal, w.size
    border = (height - 1 - top, height - 1 - bottom), (width - 1 - left, width - 1 - right)
    return Windows(w.out[0], w.out[1], w.size, (1, 1), (w.height, w.width), *border)


def _unfolding(name: str, w: Windows, channels: int) -> dict[str, Scratch]:
    """The working memory of `_unfolded`: not per row, but for as many rows as stay in the cache."""
    rows = max(1, _NUMBERS // (prod(w.out) * prod(w.size) * channels))
    asked = {f"{name}_windows": Scratch((rows, *w.out, *w.size, channels), per_row=False)}
    if w.padded:
        asked[f"{name}_padded"] = Scratch((rows, *w.padded_shape, channels), per_row=False)
    return asked


def _unfolded(x: Array, w: Windows, tmp: dict[str, Array], name: str) -> Array:
    """The windows of x as rows of a matrix (all places of all images, numbers in a window)."""
    windows, padded = tmp[f"{name}_windows"][: len(x)], tmp.get(f"{name}_padded")
    unfold(x, w, None if padded is None else padded[: len(x)], windows)
    return windows.reshape(len(x) * prod(w.out), -1)


def _correlate(x: Array, W: Array, y: Array, w: Windows, tmp: dict[str, Array], name: str) -> None:
    """y = (windows of x as rows) W, a few rows of the batch at a time."""
    matrix = W.reshape(-1, W.shape[-1])
    if _pointwise(w):
        np.matmul(_rows(x), matrix, out=_rows(y))
        return
    step = len(tmp[f"{name}_windows"])
    for start in range(0, len(x), step):
        columns = _unfolded(x[start : start + step], w, tmp, name)
        np.matmul(columns, matrix, out=_rows(y[start : start + step]))
