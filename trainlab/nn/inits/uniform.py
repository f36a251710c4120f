"""Uniform: a uniform distribution over a fixed interval."""

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array
from trainlab.nn.init import Init


class Uniform(Init, name="uniform"):
    """U(-scale, scale), independent of the layer's size; its standard deviation is scale / sqrt(3).

    Source: LeCun et al. 1998, "Efficient BackProp", section 4.6 (why the width should follow the fan-in).
    """

    scale: float = setting(0.05, "half the width of the interval", gt=0, search={"log": [1e-4, 1.0]})

    def fill(self, W: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        """W ~ U(-scale, scale)."""
        W[...] = rng.uniform(-self.scale, self.scale, W.shape)
