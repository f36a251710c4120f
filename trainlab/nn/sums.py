"""Sums over a batch: the gradient of what all rows, or all places of all images, share."""

import numpy as np

from trainlab.core.types import Array
from trainlab.nn.constants import ones


def total(x: Array, row: Array, out: Array) -> None:
    """Sum of x over the batch and, where `out` has fewer axes than a row, over all places too.

    `row` is working memory in the shape of one row. The batch comes first: its columns are many and lie side by side.
    """
    if out.ndim == x.ndim - 1:
        _down(x, out)
    else:
        _down(x, row)
        _down(row.reshape(-1, row.shape[-1]), out)


def _down(x: Array, out: Array) -> None:
    rows = len(x)
    np.dot(ones(rows, x.dtype), x.reshape(rows, -1), out=out.reshape(-1))
