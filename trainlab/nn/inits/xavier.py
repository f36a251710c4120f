"""Xavier, also called Glorot: keeps the variance through layers of tanh or no activation."""

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array
from trainlab.nn.init import Init
from trainlab.nn.inits._variance import Distribution, Mode, draw, fan


class Xavier(Init, name="xavier"):
    """Variance 1 / fan, fan the mean of a unit's inputs and outputs: a compromise of forward and backward pass.

    For tanh and sigmoid. It approximates tanh by a straight line, which holds for small signals only: through very many
    tanh layers a signal of size 1 fades slowly; `gain: 1.667` keeps it. With `relu` the variance halves in every layer:
    use `he`. Caffe calls `mode: fan_in` xavier.

    Source: Glorot & Bengio 2010, equations 12 and 16 (uniform).
    """

    mode: Mode = setting("fan_avg", "the fan that the variance is divided by: inputs, outputs or their mean")
    distribution: Distribution = setting("uniform", "shape of the distribution")
    gain: float = setting(1.0, "factor on all weights; 5/3 compensates for tanh", gt=0)

    def fill(self, W: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        """W of variance gain^2 / fan."""
        draw(W, self.gain**2 / fan(self.mode, fan_in, fan_out), self.distribution, rng)
