"""The principal axes of the training rows: the directions in which they vary most, and how much they do."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from trainlab.core.errors import DataError
from trainlab.core.types import Array, Count
from trainlab.data.lazy import LazyRows, chunks

Share = Annotated[float, Field(gt=0, le=1)]
Keep = Count | Share
MOST_FEATURES = 20_000  # the covariance of more does not fit into ordinary memory


@dataclass(frozen=True, slots=True)
class Principal:
    """mean (d,), axes (d, d) as columns, and the variance along each, from large to small."""

    mean: Array
    axes: Array
    variance: Array


def principal(name: str, x: Array | LazyRows) -> Principal:
    """Eigenvectors of the covariance of the flattened rows; each axis' largest entry is positive.

    Raises DataError, naming the preprocessor, for values that are not finite and for too many features.
    """
    d = int(np.prod(x.shape[1:]))
    if d > MOST_FEATURES:
        raise DataError(
            f"data.preprocess: `{name}` works on up to {MOST_FEATURES} features; rows have {d}; use `standardize`"
        )
    mean = np.zeros(d)
    for part in chunks(x):
        mean += part.reshape(-1, d).sum(axis=0) / len(x)
    covariance: Array = np.zeros((d, d))
    for part in chunks(x):
        centered = part.reshape(-1, d) - mean
        covariance += centered.T @ centered
    covariance /= len(x)
    if not np.isfinite(covariance).all():
        raise DataError(f"data.preprocess: `{name}` needs finite numbers; the training rows hold nan or inf")
    variance, axes = np.linalg.eigh(covariance)
    variance, axes = np.maximum(variance[::-1], 0), axes[:, ::-1]
    axes = axes * np.where(axes[np.abs(axes).argmax(axis=0), np.arange(d)] < 0, -1, 1)
    return Principal(mean, axes, variance)


def kept(name: str, keep: Keep, variance: Array) -> int:
    """How many axes to keep: `keep` itself, or as many as hold this share of the variance.

    Raises DataError if there are fewer axes.
    """
    if isinstance(keep, int):
        if keep > len(variance):
            raise DataError(f"data.preprocess: `{name}` cannot keep {keep} axes of {len(variance)} features")
        return keep
    total = np.cumsum(variance)
    return min(len(variance), 1 + int(np.count_nonzero(total < keep * total[-1] * (1 - 1e-12))))


def widths(variance: Array, eps: float) -> Array:
    """Standard deviation along each axis, with eps times the largest variance added against division by zero."""
    std = np.sqrt(variance + eps * variance[0])
    return np.where(std == 0, 1.0, std)
