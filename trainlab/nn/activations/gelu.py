"""GELU: x times the probability that a standard normal number is below x."""

from math import pi, sqrt
from typing import Any, ClassVar, Literal

import numpy as np

from trainlab.core.component import setting
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.nn.activation import Activation
from trainlab.nn.layer import Slot, TorchSlot

_CUBE = 0.044715


class GELU(Activation, name="gelu"):
    """x Phi(x), Phi the normal distribution function: a smooth `relu` that dips a little below zero.

    Exact by default: erf comes from SciPy (installed with scikit-learn), whose first use adds about 0.2 s to the
    start; `approximate: tanh` needs no SciPy and is off by at most 5e-4.

    Source: Hendrycks & Gimpel 2016, arXiv:1606.08415, section 2.

    >>> GELU()([-1e4, -1.0, 1.0]).round(4)
    array([-0.    , -0.1587,  0.8413])
    >>> GELU(approximate="tanh")([-1.0, 1.0]).round(4)
    array([-0.1588,  0.8412])
    """

    gain: ClassVar[str] = "he"
    output_range: ClassVar[tuple[float, float]] = (-0.17, np.inf)

    approximate: Literal["none", "tanh"] = setting("none", "how Phi is computed: exactly, or by the tanh of the paper")

    def _phi(self, x: Array) -> Array:
        """Phi(x) = (1 + erf(x / sqrt 2)) / 2, or (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2."""
        if self.approximate == "tanh":
            return (1 + np.tanh(sqrt(2 / pi) * (x + _CUBE * x**3))) / 2
        from scipy.special import erf  # pyright: ignore[reportMissingTypeStubs] - SciPy ships none

        return (1 + erf(x / sqrt(2))) / 2

    def forward(self, s: Slot) -> None:
        """y = x Phi(x)."""
        s.y[...] = s.x * self._phi(s.x)

    def backward(self, s: Slot) -> None:
        """dx = dy (Phi(x) + x Phi'(x))."""
        if s.dx is None:
            return
        x, phi = s.x, self._phi(s.x)
        if self.approximate == "tanh":
            slope = 2 * phi * (1 - phi) * sqrt(2 / pi) * (1 + 3 * _CUBE * x**2)
        else:
            slope = np.exp(-(x**2) / 2) / sqrt(2 * pi)
        s.dx[...] = s.dy * (phi + x * slope)

    def torch(self, s: TorchSlot) -> Any:
        """`forward` in PyTorch."""
        return s.torch.nn.functional.gelu(s.x, approximate=self.approximate)

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        return TorchCode(f'nn.GELU("{self.approximate}")')
