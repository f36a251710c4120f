"""Average pooling: the mean of each window."""

from functools import lru_cache

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array, Count, Shape
from trainlab.nn.layer import Layer, Scratch, Slot
from trainlab.nn.layers._windows import Pad, Size, Windows, spans, windows_over


class AvgPool(Layer, name="avg_pool"):
    """The mean of each window, channel by channel, over the pixels that exist: a border does not count.

    (torch counts the border unless it is told `count_include_pad=False`.) Output size as for `conv`.

    Source: LeCun et al. 1998 (subsampling); CS231n, "Convolutional Networks" (pooling layer).
    """

    size: Size = setting(2, "height and width of a window: one number, or [height, width]")
    stride: Count | None = setting(None, "step of the window; null: as large as the window, none overlap")
    pad: Pad = setting("valid", "border around the image, or `same` for ceil(width / stride) windows, or `valid`")

    def _windows(self, shape: Shape) -> Windows:
        return windows_over(shape, self.size, self.stride or self.size, self.pad)

    def out_shape(self, shape: Shape) -> Shape:
        """(height', width', channels)."""
        return (*self._windows(shape).out, shape[-1])

    def scratch(self, shape: Shape) -> dict[str, Scratch]:
        """dy over the number of pixels of its window."""
        return {"share": Scratch(self.out_shape(shape))}

    def forward(self, s: Slot) -> None:
        """y = the sum over the places in a window, over their number."""
        w = self._windows(s.x.shape[1:])
        s.y.fill(0)
        for (rows, columns), (down, right) in spans(w):
            y = s.y[:, rows, columns]
            np.add(y, s.x[:, down, right], out=y)
        np.multiply(s.y, _parts(w, s.y.dtype.char), out=s.y)

    def backward(self, s: Slot) -> None:
        """dx = dy over the number, to every pixel of the window."""
        dx = s.dx
        if dx is None:
            return
        w = self._windows(s.x.shape[1:])
        share = s.tmp["share"]
        np.multiply(s.dy, _parts(w, s.dy.dtype.char), out=share)
        dx.fill(0)
        for (rows, columns), (down, right) in spans(w):
            part = dx[:, down, right]
            np.add(part, share[:, rows, columns], out=part)


@lru_cache(maxsize=64)
def _parts(w: Windows, dtype: str) -> Array:
    """1 / (pixels in the window), (height', width', 1), or one number where all windows are whole."""
    counts = np.zeros((*w.out, 1), dtype)
    for (rows, columns), _ in spans(w):
        counts[rows, columns] += 1
    parts = 1 / counts if w.padded else 1 / counts[:1, :1]
    parts.flags.writeable = False
    return parts
