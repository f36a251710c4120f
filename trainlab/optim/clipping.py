"""Gradient clipping by norm: a gradient that is too large is scaled down; its direction stays."""

from math import isfinite, sqrt

import numpy as np

from trainlab.core.types import Array


def clip(g: Array, limit: float) -> float:
    """g *= min(1, limit / |g|) in place; returns the norm |g| before clipping.

    A single step on a steep part of the loss then cannot move the weights far away. A gradient that is not finite
    stays as it is, so that monitors see it.

    Source: Pascanu et al. 2013, arXiv:1211.5063, Algorithm 1 (torch adds 1e-6 to |g|).

    >>> g = np.array([3.0, 4.0])
    >>> clip(g, 1.0), g
    (5.0, array([0.6, 0.8]))
    """
    norm = l2_norm(g)
    if isfinite(norm) and norm > limit:
        g *= limit / norm
    return norm


def l2_norm(g: Array) -> float:
    """|g|, even if the squares of float32 numbers overflow."""
    norm = sqrt(np.dot(g, g))
    return norm if isfinite(norm) else float(np.linalg.norm(g.astype(np.float64)))
