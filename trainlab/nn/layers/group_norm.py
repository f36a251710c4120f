"""Group normalization: groups of channels of each image get mean 0 and variance 1."""

from typing import ClassVar

from trainlab.core.component import setting
from trainlab.core.errors import ShapeError
from trainlab.core.types import Count, Shape
from trainlab.nn.layers._normalize import RowNorm


class GroupNorm(RowNorm, name="group_norm"):
    """y = scale * (x - mean) / sqrt(var + eps) + shift, mean and variance over all places and the channels of a group.

    Between `layer_norm` (one group) and `instance_norm` (a group for each channel). Works as well with batches of 2
    as with 32, where `batch_norm` does not. Scale and shift: one number for each channel.

    Source: Wu & He 2018, arXiv:1803.08494, equations 1 to 4.
    """

    first: ClassVar[str] = "groups"

    groups: Count = setting(8, "number of groups; must divide the channels")

    def count_groups(self, shape: Shape) -> int:
        """`groups`."""
        return self.groups

    def out_shape(self, shape: Shape) -> Shape:
        """The same shape."""
        if shape[-1] % self.groups:
            raise ShapeError(f"{shape[-1]} channels cannot be split into {self.groups} equal groups")
        return shape
