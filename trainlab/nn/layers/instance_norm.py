"""Instance normalization: each channel of each image gets mean 0 and variance 1."""

from trainlab.core.component import setting
from trainlab.core.errors import ShapeError
from trainlab.core.types import Shape
from trainlab.nn.layer import Layer, Param, Scratch, Slot
from trainlab.nn.layers._normalize import backward, forward, memory


class InstanceNorm(Layer, name="instance_norm"):
    """y = scale * (x - mean) / sqrt(var + eps) + shift, statistics over the places of one channel of one image.

    Takes contrast and brightness out of every image: made for style transfer. Scale and shift: one a channel (torch's
    has them with `affine=True`).

    Source: Ulyanov, Vedaldi & Lempitsky 2016, arXiv:1607.08022.
    """

    eps: float = setting(1e-5, "added to the variance, keeps the division finite", gt=0)

    def out_shape(self, shape: Shape) -> Shape:
        """The same shape."""
        if len(shape) != 3:
            raise ShapeError(f"takes images (height, width, channels), not {shape}")
        return shape

    def params(self, shape: Shape) -> dict[str, Param]:
        """scale and shift, one number for each channel."""
        return {"scale": Param(shape[-1:], "scale", fill=1.0), "shift": Param(shape[-1:], "shift")}

    def scratch(self, shape: Shape) -> dict[str, Scratch]:
        """The normalized x and its statistics."""
        return memory(shape, shape[-1])

    def forward(self, s: Slot) -> None:
        """y = scale xhat + shift."""
        forward(s, s.x.shape[-1], self.eps)

    def backward(self, s: Slot) -> None:
        """dx, dscale, dshift."""
        backward(s, s.x.shape[-1])
