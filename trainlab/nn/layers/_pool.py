"""What the pooling layers share: a window that slides over each channel."""

from typing import ClassVar

from trainlab.core.component import setting
from trainlab.core.types import Count, Shape
from trainlab.nn.layer import Layer
from trainlab.nn.layers._windows import Pad, Size, Windows, windows_over


class Pool(Layer):
    """One number for each window, channel by channel. Output size as for `conv`."""

    first: ClassVar[str] = "size"

    size: Size = setting(2, "height and width of a window: one number, or [height, width]")
    stride: Count | None = setting(None, "step of the window; null: the size of the window, so that none overlap")
    pad: Pad = setting("valid", "border around the image, or `same` for ceil(width / stride) windows, or `valid`")

    def windows(self, shape: Shape) -> Windows:
        """The windows over images of this shape. Raises ShapeError where they do not fit."""
        return windows_over(shape, self.size, self.stride or self.size, self.pad)

    def out_shape(self, shape: Shape) -> Shape:
        """(height', width', channels)."""
        return (*self.windows(shape).out, shape[-1])
