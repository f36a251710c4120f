"""Normal: a normal distribution of fixed width."""

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array
from trainlab.nn.init import Init
from trainlab.nn.inits._variance import draw


class Normal(Init, name="normal"):
    """N(0, std^2), independent of the layer's size: in deep networks signals vanish with 0.01 and saturate with 1.

    Source: CS231n, "Neural Networks Part 2" (small random numbers); Krizhevsky et al. 2012 (std 0.01).
    """

    std: float = setting(0.01, "standard deviation", gt=0, search={"log": [1e-4, 1.0]})

    def fill(self, W: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        """W ~ N(0, std^2)."""
        draw(W, self.std**2, "normal", rng)
