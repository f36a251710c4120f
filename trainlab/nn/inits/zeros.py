"""Zeros: shows why inits are random."""

import numpy as np

from trainlab.core.types import Array
from trainlab.nn.init import Init


class Zeros(Init, name="zeros"):
    """All weights 0: all units of a layer compute the same and stay the same. Useful for a last layer only.

    Source: CS231n, "Neural Networks Part 2" (pitfall: all zero initialization).
    """

    def fill(self, W: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        """W = 0."""
        W.fill(0)
