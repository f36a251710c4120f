"""The curve that `elu` and `selu` share: scale * (x if x > 0 else alpha * (exp(x) - 1)), and its gradient."""

import numpy as np

from trainlab.core.types import Shape
from trainlab.nn.layer import Scratch, Slot


def memory(shape: Shape) -> dict[str, Scratch]:
    """The straight part of the curve, and where it is."""
    return {"line": Scratch(shape)}


def curve(s: Slot, alpha: float, scale: float) -> None:
    """y = scale max(0, x) + scale alpha (exp(min(0, x)) - 1)."""
    y, line = s.y, s.tmp["line"]
    np.minimum(s.x, 0, out=y)
    np.expm1(y, out=y)
    np.multiply(y, alpha * scale, out=y)
    np.maximum(s.x, 0, out=line)
    if scale != 1:
        np.multiply(line, scale, out=line)
    np.add(y, line, out=y)


def slope(s: Slot, alpha: float, scale: float) -> None:
    """dx = scale dy where x > 0, else (y + scale alpha) dy: what they share is min(0, y) + scale alpha."""
    dx = s.dx
    if dx is not None:
        np.minimum(s.y, 0, out=dx)
        np.add(dx, alpha * scale, out=dx)
        if alpha != 1:
            line = s.tmp["line"]
            np.greater(s.x, 0, out=line)
            np.multiply(line, scale - alpha * scale, out=line)
            np.add(dx, line, out=dx)
        np.multiply(dx, s.dy, out=dx)
