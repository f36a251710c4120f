"""Flatten: images to rows."""

from math import prod
from typing import ClassVar

from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.nn.layer import Layer, Slot

SOURCE = '''class FlattenImages(nn.Module):
    """Images as rows in the order height, width, channels: that of the weights behind it."""

    def forward(self, x):
        return x.permute(0, 2, 3, 1).flatten(1)
'''


class Flatten(Layer, name="flatten"):
    """The numbers of an image as one row, in their order in memory: (height, width, channels) to (n,).

    Source: any textbook; it only renames the axes.
    """

    view: ClassVar[bool] = True

    def out_shape(self, shape: Shape) -> Shape:
        """(height * width * channels,)."""
        return (prod(shape),)

    def forward(self, s: Slot) -> None:
        """Nothing: y is x in another shape."""

    def backward(self, s: Slot) -> None:
        """Nothing: dx is dy in another shape."""

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        if len(shape) != 3:
            return TorchCode("nn.Flatten()")
        return TorchCode("FlattenImages()", classes={"FlattenImages": SOURCE})
