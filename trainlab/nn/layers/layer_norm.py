"""Layer normalization: each row gets mean 0 and variance 1."""

from trainlab.core.component import setting
from trainlab.core.types import Shape
from trainlab.nn.layer import Layer, Param, Scratch, Slot
from trainlab.nn.layers._normalize import backward, forward, memory


class LayerNorm(Layer, name="layer_norm"):
    """y = scale * (x - mean) / sqrt(var + eps) + shift, mean and variance over all numbers of one row or image.

    Rows do not see each other, so the batch size does not matter and evaluation is training. Scale and shift have
    the shape of a row, as torch's LayerNorm has for a whole row's shape.

    Source: Ba, Kiros & Hinton 2016, arXiv:1607.06450, equation 4.
    """

    eps: float = setting(1e-5, "added to the variance, keeps the division finite", gt=0)

    def out_shape(self, shape: Shape) -> Shape:
        """The same shape."""
        return shape

    def params(self, shape: Shape) -> dict[str, Param]:
        """scale and shift, one number for each number of a row."""
        return {"scale": Param(shape, "scale", fill=1.0), "shift": Param(shape, "shift")}

    def scratch(self, shape: Shape) -> dict[str, Scratch]:
        """The normalized x and its statistics."""
        return memory(shape, 1)

    def forward(self, s: Slot) -> None:
        """y = scale xhat + shift."""
        forward(s, 1, self.eps)

    def backward(self, s: Slot) -> None:
        """dx, dscale, dshift of one group a row."""
        backward(s, 1)
