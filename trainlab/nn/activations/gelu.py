"""GELU: x times the chance that a standard normal is below x."""

from typing import ClassVar, Literal

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array, Shape
from trainlab.nn.activation import Activation
from trainlab.nn.layer import Scratch, Slot

_ROOT_HALF = 0.7071067811865476
_DENSITY_AT_0 = 0.3989422804014327  # 1 / sqrt(2 pi)
_ROOT_2_PI = 0.7978845608028654  # sqrt(2 / pi)
_CUBE = 0.044715


class GELU(Activation, name="gelu"):
    """x Phi(x), Phi the normal distribution function: a smooth `relu` that dips a little below zero.

    Exact by default: erf comes from SciPy (installed with scikit-learn), whose first use costs some 0.2 s of start;
    `approximate: tanh` needs no SciPy and is off by at most 5e-4.

    Source: Hendrycks & Gimpel 2016, arXiv:1606.08415, section 2.

    >>> GELU()([-1e4, -1.0, 1.0]).round(4)
    array([-0.    , -0.1587,  0.8413])
    >>> GELU(approximate="tanh")([-1.0, 1.0]).round(4)
    array([-0.1588,  0.8412])
    """

    gain: ClassVar[str] = "he"

    approximate: Literal["none", "tanh"] = setting("none", "how Phi is computed: exactly, or by the paper's tanh")

    def scratch(self, shape: Shape) -> dict[str, Scratch]:
        """Phi(x), and a working array."""
        return {"phi": Scratch(shape), "work": Scratch(shape)}

    def forward(self, s: Slot) -> None:
        """y = x Phi(x), where Phi(x) = (1 + erf(x / sqrt 2)) / 2 or its tanh form."""
        phi = s.tmp["phi"]
        if self.approximate == "tanh":
            _tanh_form(s.x, phi)
        else:
            np.multiply(s.x, _ROOT_HALF, out=phi)
            _erf(phi)
        np.add(phi, 1, out=phi)
        np.multiply(phi, 0.5, out=phi)
        np.multiply(s.x, phi, out=s.y)

    def backward(self, s: Slot) -> None:
        """dx = dy (Phi(x) + x Phi'(x))."""
        dx = s.dx
        if dx is None:
            return
        x, phi, work = s.x, s.tmp["phi"], s.tmp["work"]
        np.multiply(x, x, out=dx)
        if self.approximate == "tanh":  # Phi' = 2 Phi (1 - Phi) sqrt(2/pi) (1 + 3 c x^2)
            np.multiply(dx, 3 * _CUBE * 2 * _ROOT_2_PI, out=dx)
            np.add(dx, 2 * _ROOT_2_PI, out=dx)
            np.multiply(dx, phi, out=dx)
            np.subtract(1, phi, out=work)
            np.multiply(dx, work, out=dx)
        else:  # Phi' = exp(-x^2 / 2) / sqrt(2 pi)
            np.multiply(dx, -0.5, out=dx)
            np.exp(dx, out=dx)
            np.multiply(dx, _DENSITY_AT_0, out=dx)
        np.multiply(dx, x, out=dx)
        np.add(dx, phi, out=dx)
        np.multiply(dx, s.dy, out=dx)


def _tanh_form(x: Array, out: Array) -> None:
    """tanh(sqrt(2/pi) (x + 0.044715 x^3))."""
    np.multiply(x, x, out=out)
    np.multiply(out, _CUBE, out=out)
    np.add(out, 1, out=out)
    np.multiply(out, x, out=out)
    np.multiply(out, _ROOT_2_PI, out=out)
    np.tanh(out, out=out)


def _erf(values: Array) -> None:
    from scipy.special import erf  # pyright: ignore[reportMissingTypeStubs] - SciPy ships none

    erf(values, out=values)
