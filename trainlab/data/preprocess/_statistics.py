"""Means, deviations and ranges over rows that may be too many for memory, per feature, per channel or over all."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from trainlab.core.types import Array
from trainlab.data.lazy import CHUNK_BYTES, LazyRows, chunks, is_large

Per = Literal["feature", "channel", "all"]
DRAWN = 1 << 26  # bytes of float64 that are learned from where all rows do not fit into memory
PER = "one number per feature (of an image: per pixel, the mean image), per channel (last axis), or one for all"


def axes(ndim: int, per: Per) -> tuple[int, ...]:
    """The axes of x (n, *shape) that a statistic runs over."""
    return {"feature": (0,), "channel": tuple(range(ndim - 1)), "all": tuple(range(ndim))}[per]


def in_memory(x: Array | LazyRows) -> tuple[Array, Array | slice]:
    """Rows of x as float64, and their index: all rows, or, of a large stored x, 64 MB of rows drawn at random.

    For what needs many rows at once, such as a median. The same rows are drawn each time, in ascending order.
    """
    most = max(1, DRAWN // (8 * max(1, int(np.prod(x.shape[1:])))))
    if not is_large(x) or len(x) <= most:
        return np.asarray(x[:], np.float64), slice(None)
    index = np.sort(np.random.default_rng(0).choice(len(x), most, replace=False))
    return x[index].astype(np.float64, copy=False), index


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


def percentiles(x: Array, at: Sequence[float], per: Per) -> Array:
    """The percentiles `at` of x over the axes of `per`, one after the other along the first axis.

    Those of features are found for some columns at a time: NumPy copies what it sorts.
    """
    if per != "feature":
        return np.percentile(x, at, axis=axes(x.ndim, per))
    rows = x.reshape(len(x), -1)
    step = max(1, CHUNK_BYTES // (8 * max(1, len(rows))))
    found = np.empty((len(at), rows.shape[1]))
    for start in range(0, rows.shape[1], step):
        found[:, start : start + step] = np.percentile(rows[:, start : start + step], at, axis=0)
    return found.reshape(len(at), *x.shape[1:])


def _count(x: Array | LazyRows, over: tuple[int, ...]) -> int:
    return int(np.prod([x.shape[axis] for axis in over]))
