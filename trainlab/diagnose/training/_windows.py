"""A curve cut into windows."""

import numpy as np

from trainlab.core.types import Array


def windows(values: Array, length: int) -> Array:
    """The values as consecutive rows of `length`; an incomplete last row is dropped.

    >>> windows(np.arange(5), 2).tolist()
    [[0, 1], [2, 3]]
    """
    rows = len(values) // length
    return np.asarray(values[: rows * length]).reshape(rows, length)
