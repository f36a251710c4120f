"""Group normalization: groups of channels of each image get mean 0 and variance 1."""

from trainlab.core.component import setting
from trainlab.core.errors import ShapeError
from trainlab.core.types import Count, Shape
from trainlab.nn.layer import Layer, Param, Scratch, Slot
from trainlab.nn.layers._normalize import backward, forward, memory


class GroupNorm(Layer, name="group_norm"):
    """y = scale * (x - mean) / sqrt(var + eps) + shift, statistics over all places and the channels of one group.

    Between `layer_norm` (one group) and `instance_norm` (a group for each channel); as good with batches of 2 as
    with 32, where `batch_norm` is not. Scale and shift: one a channel.

    Source: Wu & He 2018, arXiv:1803.08494, equations 1 to 4.
    """

    groups: Count = setting(8, "number of groups; must divide the channels")
    eps: float = setting(1e-5, "added to the variance, keeps the division finite", gt=0)

    def out_shape(self, shape: Shape) -> Shape:
        """The same shape."""
        if shape[-1] % self.groups:
            raise ShapeError(f"{shape[-1]} channels cannot be split into {self.groups} equal groups")
        return shape

    def params(self, shape: Shape) -> dict[str, Param]:
        """scale and shift, one number for each channel."""
        return {"scale": Param(shape[-1:], "scale", fill=1.0), "shift": Param(shape[-1:], "shift")}

    def scratch(self, shape: Shape) -> dict[str, Scratch]:
        """The normalized x and its statistics."""
        return memory(shape, self.groups)

    def forward(self, s: Slot) -> None:
        """y = scale xhat + shift."""
        forward(s, self.groups, self.eps)

    def backward(self, s: Slot) -> None:
        """dx, dscale, dshift."""
        backward(s, self.groups)
