"""Instance normalization: each channel of each image gets mean 0 and variance 1."""

from trainlab.core.errors import ShapeError
from trainlab.core.types import Shape
from trainlab.nn.layers._normalize import RowNorm


class InstanceNorm(RowNorm, name="instance_norm"):
    """y = scale * (x - mean) / sqrt(var + eps) + shift, mean and variance over the places of one channel of one image.

    Removes contrast and brightness from every image: made for style transfer. Scale and shift: one number for each
    channel (torch has them with `affine=True`).

    Source: Ulyanov, Vedaldi & Lempitsky 2016, arXiv:1607.08022.
    """

    def count_groups(self, shape: Shape) -> int:
        """One for each channel."""
        return shape[-1]

    def out_shape(self, shape: Shape) -> Shape:
        """The same shape."""
        if len(shape) != 3:
            raise ShapeError(f"takes images (height, width, channels), not {shape}")
        return shape
