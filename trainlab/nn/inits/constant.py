"""Constant: one value everywhere."""

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array
from trainlab.nn.init import Init


class Constant(Init, name="constant"):
    """All weights the same value. As symmetric as `zeros`: the units of a layer cannot become different.

    Source: CS231n, "Neural Networks Part 2" (symmetry breaking).
    """

    value: float = setting("initial value of every weight")

    def fill(self, W: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        """W = value."""
        W.fill(self.value)
