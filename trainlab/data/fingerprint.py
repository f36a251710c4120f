"""A fingerprint of rows: two data sets with the same one hold the same bytes."""

from collections.abc import Callable
from hashlib import sha256

import numpy as np

from trainlab.core.types import Array
from trainlab.data.dataset import Rows
from trainlab.data.lazy import LazyRows

WHOLE = 1 << 28  # bytes of one array that are hashed completely
_CHUNK = 1 << 24


def fingerprint(*parts: Rows | None) -> str:
    """`sha256:` and 64 hex digits over type, shape and bytes of x and y of all parts.

    Of an x of more than 256 MB, rows at equal distances that amount to 256 MB are hashed, and the answer starts
    with `sha256-sampled:`.

    >>> fingerprint(Rows(np.zeros((2, 2)), np.zeros(2))) == fingerprint(Rows(np.zeros((2, 2)), np.ones(2)))
    False
    """
    digest, sampled = sha256(), False
    for rows in parts:
        if rows is None:
            digest.update(b"none")
            continue
        for array in (rows.x, rows.y):
            digest.update(f"{array.dtype.str} {tuple(array.shape)}".encode())
            sampled |= _add(digest.update, array)
    return f"sha256{'-sampled' if sampled else ''}:{digest.hexdigest()}"


def _add(update: Callable[[memoryview], object], array: Array | LazyRows) -> bool:
    """Feed the array's bytes, row-major; whether rows were left out."""
    per_row = max(1, int(np.prod(array.shape[1:])) * array.dtype.itemsize)
    every = max(1, -(-len(array) * per_row // WHOLE))
    step = max(1, _CHUNK // per_row) * every
    for start in range(0, len(array), step):
        update(np.ascontiguousarray(array[start : start + step : every]).data.cast("B"))
    return every > 1
