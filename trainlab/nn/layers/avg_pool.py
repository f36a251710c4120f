"""Average pooling: the mean of each window."""

from typing import Any

import numpy as np

from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.nn.layer import Slot, TorchSlot
from trainlab.nn.layers._pool import Pool
from trainlab.nn.layers._windows import Windows, spans

SOURCE = '''class AvgPool(nn.Module):
    """The mean of each window over the pixels that exist: the border does not count."""

    def __init__(self, size, stride, pad):
        super().__init__()
        self.size, self.stride, self.pad = size, stride, pad

    def forward(self, x):
        def sums(x):
            return F.avg_pool2d(F.pad(x, self.pad), self.size, self.stride, divisor_override=1)

        return sums(x) / sums(torch.ones_like(x[:1, :1]))
'''


class AvgPool(Pool, name="avg_pool"):
    """The mean of each window, channel by channel, over the pixels that exist: the border does not count.

    (torch counts the border unless `count_include_pad=False`.) Output size as for `conv`.

    Source: LeCun et al. 1998 (subsampling); CS231n, "Convolutional Networks" (pooling layer).
    """

    def forward(self, s: Slot) -> None:
        """y = sum over the pixels of a window, divided by their number."""
        w = self.windows(s.x.shape[1:])
        s.y.fill(0)
        for windows, pixels in spans(w):
            s.y[windows] += s.x[pixels]
        s.y[...] /= counts(w, s.y)

    def backward(self, s: Slot) -> None:
        """dx = dy over the number of pixels, to every pixel of the window."""
        if s.dx is None:
            return
        w = self.windows(s.x.shape[1:])
        share = s.dy / counts(w, s.dy)
        s.dx.fill(0)
        for windows, pixels in spans(w):
            s.dx[pixels] += share[windows]

    def torch(self, s: TorchSlot) -> Any:
        """`forward` in PyTorch: sums over the padded image, divided by the number of pixels that exist."""
        w = self.windows(tuple(s.x.shape[1:]))
        exists = s.torch.ones((1, *s.x.shape[1:3], 1), dtype=s.x.dtype, device=s.x.device)

        def sums(x: Any) -> Any:
            padded = s.torch.nn.functional.pad(x.permute(0, 3, 1, 2), (*w.horizontal, *w.vertical))
            return s.torch.nn.functional.avg_pool2d(padded, w.size, w.stride, divisor_override=1).permute(0, 2, 3, 1)

        return sums(s.x) / sums(exists)

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        w = self.windows(shape)
        if not w.padded:
            return TorchCode(f"nn.AvgPool2d({w.size}, {w.stride})")
        made = f"AvgPool({w.size}, {w.stride}, {(*w.horizontal, *w.vertical)})"
        return TorchCode(made, classes={"AvgPool": SOURCE})


def counts(w: Windows, like: Array) -> Array:
    """The number of pixels in each window (1, height', width', 1)."""
    found = np.zeros((1, *w.out, 1), like.dtype)
    for windows, _ in spans(w):
        found[windows] += 1
    return found
