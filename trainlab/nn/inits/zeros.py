"""Zeros: the init that teaches why inits are random."""

import numpy as np

from trainlab.core.types import Array
from trainlab.nn.init import Init


class Zeros(Init, name="zeros"):
    """All weights 0: every unit of a layer computes the same and stays the same. Only fit for a last layer.

    Source: CS231n, "Neural Networks Part 2" (pitfall: all zero initialization).
    """

    def fill(self, W: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        """W = 0."""
        W.fill(0)
