"""He, also called Kaiming: keeps the variance through layers of ReLU."""

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array
from trainlab.nn.init import Init
from trainlab.nn.inits._variance import Distribution, Mode, draw, fan


class He(Init, name="he"):
    """Variance 2 / fan, twice that of `xavier`, because relu sets half of the signal to zero. For the relu family.

    Source: He et al. 2015, arXiv:1502.01852, equation 10 (forward, fan_in) and 14 (backward, fan_out).
    """

    mode: Mode = setting("fan_in", "the fan that the variance is divided by: inputs, outputs or their mean")
    distribution: Distribution = setting("normal", "shape of the distribution")

    def fill(self, W: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        """W of variance 2 / fan."""
        draw(W, 2 / fan(self.mode, fan_in, fan_out), self.distribution, rng)
