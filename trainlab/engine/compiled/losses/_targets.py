"""The two kinds of encoded targets that kernels read."""

import numpy as np

from trainlab.core.types import Array


def is_classes(t: Array) -> bool:
    """Class indices: int64, one per row."""
    return t.ndim == 1 and t.dtype == np.int64


def is_numbers(t: Array) -> bool:
    """Numbers: float32, (rows, outputs)."""
    return t.ndim == 2 and t.dtype == np.float32
