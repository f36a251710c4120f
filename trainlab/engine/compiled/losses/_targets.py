"""The two kinds of encoded targets that kernels read, and the weights of classes."""

import numpy as np

from trainlab.core.types import Array
from trainlab.engine.compiled.builder import Builder


def is_classes(t: Array) -> bool:
    """Class indices: int64, one per row."""
    return t.ndim == 1 and t.dtype == np.int64


def is_numbers(t: Array) -> bool:
    """Numbers: float32, (rows, outputs)."""
    return t.ndim == 2 and t.dtype == np.float32


def class_weights(b: Builder, weights: list[float] | None) -> Array | None:
    """Memory with the weights of the classes, None for none."""
    if weights is None:
        return None
    kept = b.memory((len(weights),))
    kept[...] = weights
    return kept
