"""Medians and other quantiles, without `numpy.ma`: NumPy's own load it to look for masks, which takes as long as
thousands of small steps.
"""

from collections.abc import Sequence

import numpy as np

from trainlab.core.types import Array


def median(values: Array) -> Array:
    """The middle value along the last axis, the mean of the middle two where their number is even; nan if one is nan.

    >>> float(median(np.array([5.0, 1.0, 2.0]))), median(np.array([[1.0, 4.0], [np.nan, 0.0]])).tolist()
    (2.0, [2.5, nan])
    """
    last = values.shape[-1] - 1
    low, high = last // 2, (last + 1) // 2
    ordered = np.partition(values, (low, high, last), axis=-1)  # nan goes last
    middle = (ordered[..., low] + ordered[..., high]) / 2
    return np.where(np.isnan(ordered[..., last]), np.nan, middle)


def quantiles(values: Array, shares: Sequence[float]) -> Array:
    """The values that these shares of finite rows lie below, column by column; a row of them for each share. Between
    two values that were seen the line that joins them is followed, as NumPy does.

    >>> quantiles(np.array([[1.0, 0.0], [2.0, 0.0], [4.0, 8.0]]), [0.5, 0.75]).tolist()
    [[2.0, 0.0], [3.0, 4.0]]
    """
    ordered = np.sort(values, axis=0)
    place = np.multiply(shares, len(values) - 1)
    low = place.astype(np.int64)
    part = (place - low).reshape(-1, *[1] * (values.ndim - 1))
    return ordered[low] * (1 - part) + ordered[np.minimum(low + 1, len(values) - 1)] * part
