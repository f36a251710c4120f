"""ELU: linear above zero, exponential below."""

from typing import ClassVar

from trainlab.core.component import setting
from trainlab.core.types import Shape
from trainlab.nn.activation import Activation
from trainlab.nn.activations._exponential import curve, memory, slope
from trainlab.nn.layer import Scratch, Slot


class ELU(Activation, name="elu"):
    """x if x > 0 else alpha * (exp(x) - 1). Smooth, its mean nearer to zero than `relu`'s, at the price of an exp.

    Source: Clevert, Unterthiner & Hochreiter 2016, arXiv:1511.07289.

    >>> ELU()([-1e4, -1.0, 2.0]).round(4)
    array([-1.    , -0.6321,  2.    ])
    """

    gain: ClassVar[str] = "he"

    alpha: float = setting(1.0, "how far below zero it goes", ge=0)

    def scratch(self, shape: Shape) -> dict[str, Scratch]:
        """The straight part."""
        return memory(shape)

    def forward(self, s: Slot) -> None:
        """y = x where x > 0, else alpha (exp(x) - 1)."""
        curve(s, self.alpha, 1.0)

    def backward(self, s: Slot) -> None:
        """dx = dy where x > 0, else (y + alpha) dy."""
        slope(s, self.alpha, 1.0)
