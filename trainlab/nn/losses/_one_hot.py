"""Class indices as rows with one true place."""

from functools import lru_cache

import numpy as np

from trainlab.core.types import Array


def one_hot(t: Array, out: Array) -> None:
    """out[i, c] = whether t[i] is c; out is (rows, classes) of bool."""
    np.equal(t[:, None], _classes(out.shape[1]), out=out)


@lru_cache(maxsize=64)
def _classes(units: int) -> Array:
    classes: Array = np.arange(units)
    classes.flags.writeable = False
    return classes
