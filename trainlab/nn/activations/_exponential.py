"""The curve that `elu` and `selu` share: scale * (x if x > 0 else alpha * (exp(x) - 1)), and its gradient."""

import numpy as np

from trainlab.core.types import Shape
from trainlab.nn.layer import Scratch, Slot


def memory(shape: Shape) -> dict[str, Scratch]:
    """Where x > 0, and the straight part of the curve."""
    return {"positive": Scratch(shape, dtype=np.bool_), "line": Scratch(shape)}


def curve(s: Slot, alpha: float, scale: float) -> None:
    """y = scale * (x if x > 0 else alpha * (exp(x) - 1))."""
    y, line, positive = s.y, s.tmp["line"], s.tmp["positive"]
    np.minimum(s.x, 0, out=y)
    np.expm1(y, out=y)
    np.multiply(y, alpha * scale, out=y)
    np.multiply(s.x, scale, out=line)
    np.greater(s.x, 0, out=positive)
    np.copyto(y, line, where=positive)


def slope(s: Slot, alpha: float, scale: float) -> None:
    """dx = scale dy where x > 0, else (y + scale alpha) dy."""
    if s.dx is not None:
        line = s.tmp["line"]
        np.add(s.y, alpha * scale, out=s.dx)
        np.multiply(s.dx, s.dy, out=s.dx)
        np.multiply(s.dy, scale, out=line)
        np.copyto(s.dx, line, where=s.tmp["positive"])
