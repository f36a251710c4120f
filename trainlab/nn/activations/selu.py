"""SELU: the ELU that normalizes itself."""

from typing import ClassVar

from trainlab.core.types import Shape
from trainlab.nn.activation import Activation
from trainlab.nn.activations._exponential import curve, memory, slope
from trainlab.nn.layer import Scratch, Slot

_ALPHA = 1.6732632423543772
_SCALE = 1.0507009873554805


class SELU(Activation, name="selu"):
    """1.0507 * (x if x > 0 else 1.6733 * (exp(x) - 1)): keeps mean 0 and variance 1 from layer to layer.

    Only with `lecun` init, standardized inputs and plain dense layers; ordinary dropout spoils it.

    Source: Klambauer et al. 2017, "Self-normalizing neural networks", arXiv:1706.02515, equation 2 and appendix A1.

    >>> SELU()([-1e4, 0.0, 1.0]).round(4)
    array([-1.7581,  0.    ,  1.0507])
    """

    gain: ClassVar[str] = "lecun"

    def scratch(self, shape: Shape) -> dict[str, Scratch]:
        """The straight part."""
        return memory(shape)

    def forward(self, s: Slot) -> None:
        """y = scale x where x > 0, else scale alpha (exp(x) - 1)."""
        curve(s, _ALPHA, _SCALE)

    def backward(self, s: Slot) -> None:
        """dx = scale dy where x > 0, else (y + scale alpha) dy."""
        slope(s, _ALPHA, _SCALE)
