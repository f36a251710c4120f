"""Sums over a batch: the gradient of what all rows, or all places of all images, share."""

import numpy as np

from trainlab.core.types import Array


def total(x: Array, row: Array, out: Array) -> None:
    """Sum of x over the batch and, where `out` has fewer axes than a row, over all places too.

    `row` is working memory in the shape of one row. The batch comes first, because there the inner loop is long.
    """
    if out.ndim == x.ndim - 1:
        np.add.reduce(x, axis=0, out=out)
    else:
        np.add.reduce(x, axis=0, out=row)
        np.add.reduce(row.reshape(-1, row.shape[-1]), axis=0, out=out)
