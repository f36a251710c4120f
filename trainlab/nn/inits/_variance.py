"""Random weights with a given variance, and the fan that a variance is divided by."""

from math import sqrt
from typing import Literal

import numpy as np

from trainlab.core.types import Array

Mode = Literal["fan_in", "fan_avg", "fan_out"]
Distribution = Literal["normal", "uniform"]


def fan(mode: Mode, fan_in: int, fan_out: int) -> float:
    """The number of connections that `mode` counts, at least 1."""
    counts = {"fan_in": fan_in, "fan_avg": (fan_in + fan_out) / 2, "fan_out": fan_out}
    return max(1.0, counts[mode])


def draw(W: Array, variance: float, distribution: Distribution, rng: np.random.Generator) -> None:
    """Overwrite W with numbers of mean 0 and this variance.

    They are drawn in float64, so that both float types get the same weights.
    """
    std = sqrt(variance)
    if distribution == "normal":
        W[...] = rng.normal(0.0, std, W.shape)
    else:
        W[...] = rng.uniform(-sqrt(3) * std, sqrt(3) * std, W.shape)
