"""Flatten: images to rows."""

from math import prod
from typing import ClassVar

from trainlab.core.types import Shape
from trainlab.nn.layer import Layer, Slot


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
