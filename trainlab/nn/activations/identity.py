"""Identity: no activation at all."""

from typing import ClassVar

from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.nn.activation import Activation
from trainlab.nn.layer import Slot


class Identity(Activation, name="identity"):
    """x itself. Two dense layers without a nonlinearity between them are equivalent to one.

    Source: CS231n, "Neural Networks Part 1" (why a network needs nonlinearities).

    >>> Identity()([-1.0, 0.0, 2.0])
    array([-1.,  0.,  2.])
    """

    view: ClassVar[bool] = True
    linear: ClassVar[bool] = True

    def forward(self, s: Slot) -> None:
        """Nothing: y is x."""

    def backward(self, s: Slot) -> None:
        """Nothing: dx is dy."""

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        return TorchCode("nn.Identity()")
