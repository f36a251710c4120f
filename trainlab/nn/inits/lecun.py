"""LeCun: variance one over the inputs."""

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array
from trainlab.nn.init import Init
from trainlab.nn.inits._variance import Distribution, draw


class LeCun(Init, name="lecun"):
    """Variance 1 / fan_in: keeps the variance through linear layers, and is what `selu` needs.

    Source: LeCun et al. 1998, "Efficient BackProp", section 4.6; Klambauer et al. 2017 for selu (normal).
    """

    distribution: Distribution = setting("normal", "shape of the distribution")

    def fill(self, W: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        """W of variance 1 / fan_in."""
        draw(W, 1 / max(1, fan_in), self.distribution, rng)
