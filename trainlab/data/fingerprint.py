"""A fingerprint of rows: two data sets with the same one hold the same bytes."""

from collections.abc import Callable
from hashlib import sha256

import numpy as np

from trainlab.core.types import Array
from trainlab.data.dataset import Rows
from trainlab.data.lazy import LazyRows, is_large, sampled

WHOLE = 1 << 28  # bytes of one array that are hashed completely
_CHUNK = 1 << 24


def fingerprint(*parts: Rows | None) -> str:
    """`sha256:` and 64 hex digits over type, shape and bytes of x, y and, where rows have any, weights of all parts.

    Of an x of more than 256 MB, rows at equal distances that amount to 256 MB are hashed, and the answer starts
    with `sha256-sampled:`. If x is stored, 8 MB in a few places are, and the answer starts with `sha256-pieces:`.

    >>> fingerprint(Rows(np.zeros((2, 2)), np.zeros(2))) == fingerprint(Rows(np.zeros((2, 2)), np.ones(2)))
    False
    """
    digest, how = sha256(), ""
    for rows in parts:
        if rows is None:
            digest.update(b"none")
            continue
        for array in (rows.x, rows.y, *([] if rows.weights is None else [rows.weights])):
            digest.update(f"{array.dtype.str} {tuple(array.shape)}".encode())
            how = _add(digest.update, array) or how
    return f"sha256{how}:{digest.hexdigest()}"


def _add(update: Callable[[memoryview], object], array: Array | LazyRows) -> str:
    """Feed the array's bytes, row-major; how rows were left out, if any were."""
    per_row = max(1, int(np.prod(array.shape[1:])) * array.dtype.itemsize)
    if is_large(array):
        for part in sampled(array, max(1, _CHUNK // per_row)):
            update(np.ascontiguousarray(array[part]).data.cast("B"))
        return "-pieces"
    every = max(1, -(-len(array) * per_row // WHOLE))
    step = max(1, _CHUNK // per_row) * every
    for start in range(0, len(array), step):
        update(np.ascontiguousarray(array[start : start + step : every]).data.cast("B"))
    return "-sampled" if every > 1 else ""
