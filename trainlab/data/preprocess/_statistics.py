"""Means, deviations and ranges over rows that may be too many for memory, per feature, per channel or over all."""

from typing import Literal

import numpy as np

from trainlab.core.types import Array
from trainlab.data.lazy import LazyRows, chunks

Per = Literal["feature", "channel", "all"]
PER = "one number per feature (of an image: per pixel, the mean image), per channel (last axis), or one for all"


def axes(ndim: int, per: Per) -> tuple[int, ...]:
    """The axes of x (n, *shape) that a statistic runs over."""
    return {"feature": (0,), "channel": tuple(range(ndim - 1)), "all": tuple(range(ndim))}[per]


def mean(x: Array | LazyRows, per: Per) -> Array:
    """Mean of x over the axes of `per`."""
    over = axes(x.ndim, per)
    return np.asarray(sum(part.sum(axis=over) for part in chunks(x)) / _count(x, over))


def deviation(x: Array | LazyRows, center: Array, per: Per) -> Array:
    """Root of the mean square of x - center; 1 where it is within the rounding error of equal values."""
    over = axes(x.ndim, per)
    squares = sum(np.square(part - center).sum(axis=over) for part in chunks(x))
    std = np.sqrt(np.asarray(squares) / _count(x, over))
    return np.where(std <= 10 * np.finfo(np.float64).eps * np.abs(center), 1.0, std)


def extremes(x: Array | LazyRows, per: Per) -> tuple[Array, Array]:
    """Smallest and largest value over the axes of `per`."""
    over = axes(x.ndim, per)
    lows, highs = zip(*((part.min(axis=over), part.max(axis=over)) for part in chunks(x)), strict=True)
    return np.minimum.reduce(lows), np.maximum.reduce(highs)


def _count(x: Array | LazyRows, over: tuple[int, ...]) -> int:
    return int(np.prod([x.shape[axis] for axis in over]))
