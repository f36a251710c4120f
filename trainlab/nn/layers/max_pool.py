"""Max pooling: the largest number of each window."""

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Count, Shape
from trainlab.nn.layer import Layer, Scratch, Slot
from trainlab.nn.layers._windows import Pad, Size, Windows, spans, tiled, windows_over


class MaxPool(Layer, name="max_pool"):
    """The largest number of each window, channel by channel; the gradient goes to the first place that holds it.

    Windows may overlap (`stride` below `size`). The border counts as minus infinity. Output size as for `conv`.

    Source: CS231n, "Convolutional Networks" (pooling layer); overlapping: Krizhevsky et al. 2012, section 3.4.
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
        """Which windows take their gradient from the place in hand, which still wait, and their share."""
        out = self.out_shape(shape)
        masks = {key: Scratch(out, dtype=np.bool_) for key in ("here", "open")}
        return masks if tiled(self._windows(shape)) else masks | {"share": Scratch(out)}

    def forward(self, s: Slot) -> None:
        """y = the maximum over the places in a window, one place at a time."""
        w = self._windows(s.x.shape[1:])
        if w.padded:
            s.y.fill(-np.inf)
        for place, ((rows, columns), (down, right)) in enumerate(spans(w)):
            y, x = s.y[:, rows, columns], s.x[:, down, right]
            if place == 0 and not w.padded:
                np.copyto(y, x)
            else:
                np.maximum(y, x, out=y)

    def backward(self, s: Slot) -> None:
        """dx = dy at the first place of each window where x is y, 0 elsewhere."""
        dx = s.dx
        if dx is None:
            return
        w = self._windows(s.x.shape[1:])
        whole, everyone, share = s.tmp["here"], s.tmp["open"], s.tmp.get("share")
        everyone.fill(True)
        if share is not None:
            dx.fill(0)
        for (rows, columns), (down, right) in spans(w):
            here, waiting = whole[:, rows, columns], everyone[:, rows, columns]
            dy, part = s.dy[:, rows, columns], dx[:, down, right]
            np.equal(s.x[:, down, right], s.y[:, rows, columns], out=here)
            np.logical_and(here, waiting, out=here)
            np.not_equal(waiting, here, out=waiting)
            if share is None:
                np.multiply(dy, here, out=part)
            else:
                mine = share[:, rows, columns]
                np.multiply(dy, here, out=mine)
                np.add(part, mine, out=part)
