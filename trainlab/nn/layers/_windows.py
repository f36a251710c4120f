"""Windows that slide over images: how many fit, what they cover, and images as rows of windows.

One axis: W pixels, windows of F, step S, padding P on both sides: (W - F + 2P)/S + 1 windows, which must be a whole
number. `same` pads for ceil(W / S) windows, the odd pixel at the far end, as TensorFlow does and torch where it can
(torch has it for S = 1 only). `valid` is P = 0.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from pydantic import Field

from trainlab.core.errors import ShapeError
from trainlab.core.types import Array, Count, Shape
from trainlab.nn.layer import TorchSlot

Size = Count | Annotated[list[Count], Field(min_length=2, max_length=2)]
Pad = Annotated[int, Field(ge=0)] | Literal["same", "valid"]
Span = tuple[slice, slice]
Places = tuple[slice, slice, slice]  # rows of the batch, then vertical, then horizontal


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows over images (height, width): size, stride and output are (vertical, horizontal), pad (before, after)."""

    height: int
    width: int
    size: tuple[int, int]
    stride: tuple[int, int]
    out: tuple[int, int]
    vertical: tuple[int, int]
    horizontal: tuple[int, int]

    @property
    def padded(self) -> bool:
        """Whether any window reaches over the border."""
        return any(self.vertical) or any(self.horizontal)


def pair(size: "int | list[int]") -> tuple[int, int]:
    """(height, width) of a size that may be one number."""
    return (size, size) if isinstance(size, int) else (size[0], size[1])


def windows_over(shape: Shape, size: "int | list[int]", stride: "int | list[int]", pad: int | str) -> Windows:
    """The windows over images of this shape. Raises ShapeError where they do not fit, with the sum."""
    if len(shape) != 3:
        raise ShapeError(f"takes images (height, width, channels), not {shape}")
    return _windows(shape[0], shape[1], pair(size), pair(stride), pad)


@lru_cache(maxsize=1024)
def _windows(height: int, width: int, size: tuple[int, int], stride: tuple[int, int], pad: int | str) -> Windows:
    rows, vertical = _fit("height", height, size[0], stride[0], pad)
    columns, horizontal = _fit("width", width, size[1], stride[1], pad)
    return Windows(height, width, size, stride, (rows, columns), vertical, horizontal)


def _fit(axis: str, pixels: int, size: int, stride: int, pad: int | str) -> tuple[int, tuple[int, int]]:
    """(how many windows fit, padding before and after) along one axis."""
    if pad == "same":
        count = -(-pixels // stride)
        missing = max(0, (count - 1) * stride + size - pixels)
        return count, (missing // 2, missing - missing // 2)
    p = 0 if pad == "valid" else int(pad)
    if p >= size:
        raise ShapeError(f"pad {p} puts whole windows of size {size} outside the image; pad must be below the size")
    steps = pixels - size + 2 * p
    if steps < 0 or steps % stride:
        why = "the window is larger than the image" if steps < 0 else "no whole number"
        raise ShapeError(
            f"{axis} {pixels}: (W - F + 2P)/S + 1 = ({pixels} - {size} + 2*{p})/{stride} + 1 = "
            f"{steps / stride + 1:g}: {why}; change size, stride or pad, or use `pad: same`"
        )
    return steps // stride + 1, (p, p)


@lru_cache(maxsize=1024)
def spans(w: Windows) -> list[tuple[Places, Places]]:
    """For each place inside a window, top left first: the windows that have a pixel there, and those pixels."""
    found: list[tuple[Places, Places]] = []
    every = slice(None)
    for i in range(w.size[0]):
        rows = _span(i - w.vertical[0], w.stride[0], w.out[0], w.height)
        for j in range(w.size[1]):
            columns = _span(j - w.horizontal[0], w.stride[1], w.out[1], w.width)
            found.append(((every, rows[0], columns[0]), (every, rows[1], columns[1])))
    return found


def _span(offset: int, stride: int, count: int, pixels: int) -> Span:
    """(windows, pixels): window k has its pixel at offset + k * stride, where that lies in the image."""
    first = max(0, -(offset // stride))
    last = min(count, (pixels - 1 - offset) // stride + 1)
    if last <= first:
        return slice(0, 0), slice(0, 0)
    start = offset + first * stride
    return slice(first, last), slice(start, start + (last - first - 1) * stride + 1, stride)


def tiled(w: Windows) -> bool:
    """Whether every pixel lies in exactly one window: with this step none is left over at the end."""
    return w.size == w.stride


def unfold(x: Array, w: Windows) -> Array:
    """Every window of x as a row of a matrix: (rows * windows, numbers in a window)."""
    padded = np.pad(x, ((0, 0), w.vertical, w.horizontal, (0, 0)))
    windows = sliding_window_view(padded, w.size, axis=(1, 2))[:, :: w.stride[0], :: w.stride[1]]
    return windows.transpose(0, 1, 2, 4, 5, 3).reshape(len(x) * w.out[0] * w.out[1], -1)


def fold(columns: Array, w: Windows, dx: Array) -> None:
    """The reverse of `unfold`, for gradients: each pixel of dx is the sum over the windows that it lies in."""
    each = columns.reshape(len(dx), *w.out, *w.size, -1)
    dx.fill(0)
    places = np.ndindex(*w.size)
    for (i, j), ((_, rows, columns_), pixels) in zip(places, spans(w), strict=True):
        dx[pixels] += each[:, rows, columns_, i, j]


def torch_images(s: TorchSlot, w: Windows, border: float = 0.0) -> tuple[Any, tuple[int, int]]:
    """x for PyTorch's windows: channels second, and the padding that is left to do on both sides of each axis.

    PyTorch pads both sides alike, with zeros, and pools by no more than half a window, so other borders are made here.
    """
    x = s.x.permute(0, 3, 1, 2)
    (top, bottom), (left, right) = w.vertical, w.horizontal
    if not border and top == bottom and left == right:
        return x, (top, left)
    return s.torch.nn.functional.pad(x, (left, right, top, bottom), value=border), (0, 0)
