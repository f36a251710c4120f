"""Rows sorted into parts within their own memory, so that a split of a large data set is no second copy of it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from trainlab.core.types import Array

_MOVED = 1 << 22  # bytes that are moved at once


def movable(x: Array) -> bool:
    """Whether an array may be put in another order: nothing but it looks into its memory.

    >>> table = np.zeros((4, 2))
    >>> movable(table), movable(table[:, :1]), movable(np.frombuffer(b"bytes"[:4], np.uint8))
    (True, False, False)
    """
    whole: Any = x if x.base is None else x.base  # a column of its own, x[:, None], is the same memory in another shape
    alone = isinstance(whole, np.ndarray) and whole.flags.owndata and whole.size == x.size
    return alone and x.flags.writeable and x.flags.c_contiguous


def put_apart(x: Array, parts: Sequence[Array]) -> list[Array]:
    """x[part] for each part, one behind the other in x's own memory. The first part's row numbers ascend.

    In addition to x, this needs a copy of the rows of all splits but the first.

    >>> x = np.array([10, 11, 12, 13, 14])
    >>> first, second = put_apart(x, [np.array([0, 2, 4]), np.array([1, 3])])
    >>> first, second, x
    (array([10, 12, 14]), array([11, 13]), array([10, 12, 14, 11, 13]))
    """
    first, *others = parts
    aside = [x[part] for part in others]
    step = max(1, _MOVED // max(1, x[:1].nbytes))
    for start in range(0, len(first), step):  # forward: row i comes from a place that is no earlier than i
        index = first[start : start + step]
        x[start : start + len(index)] = x[index]
    made, end = [x[: len(first)]], len(first)
    for rows in aside:
        x[end : end + len(rows)] = rows
        made.append(x[end : end + len(rows)])
        end += len(rows)
    return made
