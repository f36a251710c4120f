"""Small constant arrays that steps need again and again: made once for each size, read only."""

from functools import lru_cache
from math import prod

import numpy as np

from trainlab.core.types import Array


@lru_cache(maxsize=256)
def ones(size: int, dtype: np.dtype[np.generic]) -> Array:
    """A vector of ones: a product with it sums along an axis faster than a reduction does."""
    made = np.ones(size, dtype)
    made.flags.writeable = False
    return made


@lru_cache(maxsize=256)
def row_starts(rows: int, units: int) -> Array:
    """Where each row starts in a flat (rows, units) array."""
    starts = np.arange(0, rows * units, units)
    starts.flags.writeable = False
    return starts


def zeros(shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> Array:
    """Zeros of a shape: NumPy compares two arrays twice as fast as an array and a number. All shapes share memory."""
    size = prod(shape)
    return _zeros(1 << size.bit_length(), dtype)[:size].reshape(shape)


@lru_cache(maxsize=64)
def _zeros(size: int, dtype: np.dtype[np.generic]) -> Array:
    made = np.zeros(size, dtype)
    made.flags.writeable = False
    return made
