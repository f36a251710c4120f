"""LSUV: weights scaled so that each layer's outputs have standard deviation 1."""

from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array
from trainlab.nn.init import Init
from trainlab.nn.inits.orthogonal import Orthogonal


class LSUV(Init, name="lsuv"):
    """Layer-sequential unit variance: orthogonal weights, then each layer's W divided by its output's deviation.

    Data-dependent, so it fits any activation, norm or shortcut: a batch of training rows passes through the network,
    and each layer in turn is scaled until its output has standard deviation `target` to within `tolerance`.

    Source: Mishkin & Matas 2016, "All you need is a good init", arXiv:1511.06422, algorithm 1 (which compares the
    variance).
    """

    calibrates: ClassVar[bool] = True

    target: float = setting(1.0, "standard deviation of each layer's output, before the activation", gt=0)
    tolerance: float = setting(0.02, "relative deviation from `target` that is accepted", gt=0, lt=1)
    passes: int = setting(10, "maximum number of corrections per layer", ge=1)

    def fill(self, W: Array, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        """Orthogonal W, which `calibrate` then scales."""
        Orthogonal().fill(W, fan_in, fan_out, rng)

    def calibrate(self, W: Array, std: float, done: int) -> bool:
        """W *= target / std, unless std is within the tolerance, 0 or not finite, or all passes are used."""
        settled = abs(std / self.target - 1) <= self.tolerance
        if settled or done >= self.passes or not 0 < std < float("inf"):
            return False
        np.multiply(W, self.target / std, out=W)
        return True
