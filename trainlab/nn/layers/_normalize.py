"""What `layer_norm`, `group_norm` and `instance_norm` share: each row's groups of channels get mean 0, variance 1.

A row of shape (..., channels) is seen as (places, groups, channels / groups); statistics are over places and over the
channels of a group, of one row alone. Scale and shift are the layer's business.
"""

from math import prod

import numpy as np

from trainlab.core.types import Array, Shape
from trainlab.nn.layer import Scratch, Slot
from trainlab.nn.sums import total

_AXES = (1, 3)


def memory(shape: Shape, groups: int) -> dict[str, Scratch]:
    """xhat; `inv`, 1 / sqrt(var + eps); `mean`: one of each for every group; `work` and `row` for products and sums."""
    group = Scratch((1, groups, 1))
    return {
        "xhat": Scratch(shape),
        "work": Scratch(shape),
        "inv": group,
        "mean": group,
        "row": Scratch(shape, per_row=False),
    }


def _grouped(x: Array, groups: int) -> Array:
    channels = x.shape[-1]
    return x.reshape(x.shape[0], prod(x.shape[1:-1]), groups, channels // groups)


def forward(s: Slot, groups: int, eps: float) -> None:
    """xhat = (x - mean) / sqrt(var + eps) of each group; y = scale xhat + shift."""
    tmp = s.tmp
    inv, mean = tmp["inv"], tmp["mean"]
    x, xhat, y = _grouped(s.x, groups), _grouped(tmp["xhat"], groups), _grouped(s.y, groups)
    per = 1 / (x.shape[1] * x.shape[3])
    np.add.reduce(x, axis=_AXES, keepdims=True, out=mean)
    np.multiply(mean, per, out=mean)
    np.subtract(x, mean, out=xhat)
    np.multiply(xhat, xhat, out=y)  # y is free until the end
    np.add.reduce(y, axis=_AXES, keepdims=True, out=inv)
    np.multiply(inv, per, out=inv)
    np.add(inv, eps, out=inv)
    np.sqrt(inv, out=inv)
    np.reciprocal(inv, out=inv)
    np.multiply(xhat, inv, out=xhat)
    np.multiply(tmp["xhat"], s.p["scale"], out=s.y)
    np.add(s.y, s.p["shift"], out=s.y)


def backward(s: Slot, groups: int) -> None:
    """dshift, dscale = sums of dy and dy xhat; with d = scale dy, dx = inv (d - mean d - xhat mean(d xhat))."""
    tmp, dy, dx = s.tmp, s.dy, s.dx
    work, mean = tmp["work"], tmp["mean"]
    np.multiply(dy, tmp["xhat"], out=work)
    total(work, tmp["row"], s.g["scale"])
    total(dy, tmp["row"], s.g["shift"])
    if dx is None:
        return
    np.multiply(work, s.p["scale"], out=work)  # d xhat
    np.multiply(dy, s.p["scale"], out=dx)  # d
    product, d, xhat = _grouped(work, groups), _grouped(dx, groups), _grouped(tmp["xhat"], groups)
    per = -1 / (d.shape[1] * d.shape[3])
    np.add.reduce(product, axis=_AXES, keepdims=True, out=mean)
    np.multiply(mean, per, out=mean)
    np.multiply(xhat, mean, out=product)
    np.add.reduce(d, axis=_AXES, keepdims=True, out=mean)
    np.multiply(mean, per, out=mean)
    np.add(d, mean, out=d)
    np.add(d, product, out=d)
    np.multiply(d, tmp["inv"], out=d)
