"""Max pooling: the largest number of each window."""

from typing import Any, ClassVar

import numpy as np

from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.nn.layer import Slot, TorchSlot
from trainlab.nn.layers._pool import Pool
from trainlab.nn.layers._windows import spans, torch_images


class MaxPool(Pool, name="max_pool"):
    """The largest number of each window, channel by channel; the gradient goes to the first place that holds it.

    Windows may overlap (`stride` below `size`). The border counts as minus infinity. Output size as for `conv`.

    Source: CS231n, "Convolutional Networks" (pooling layer); overlapping: Krizhevsky et al. 2012, section 3.4.
    """

    linear: ClassVar[bool] = False

    def forward(self, s: Slot) -> None:
        """y = the maximum over the pixels of a window."""
        s.y.fill(-np.inf)
        for windows, pixels in spans(self.windows(s.x.shape[1:])):
            s.y[windows] = np.maximum(s.y[windows], s.x[pixels])

    def backward(self, s: Slot) -> None:
        """dx = dy at the first pixel of each window where x is y, 0 elsewhere."""
        if s.dx is None:
            return
        s.dx.fill(0)
        waiting = np.ones(s.y.shape, np.bool_)  # windows whose maximum has not been found yet
        for windows, pixels in spans(self.windows(s.x.shape[1:])):
            found = waiting[windows] & (s.x[pixels] == s.y[windows])
            s.dx[pixels] += s.dy[windows] * found
            waiting[windows] &= ~found

    def torch(self, s: TorchSlot) -> Any:
        """`forward` in PyTorch."""
        w = self.windows(tuple(s.x.shape[1:]))
        x, _ = torch_images(s, w, border=-np.inf if w.padded else 0.0)
        return s.torch.nn.functional.max_pool2d(x, w.size, w.stride).permute(0, 2, 3, 1)

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        w = self.windows(shape)
        made = f"nn.MaxPool2d({w.size}, {w.stride})"
        if w.padded:
            made = f'nn.Sequential(nn.ConstantPad2d({(*w.horizontal, *w.vertical)}, float("-inf")), {made})'
        return TorchCode(made)
