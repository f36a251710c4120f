"""Noise: a little of it on every number."""

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array
from trainlab.data.augmentation import Augmentation


class Noise(Augmentation, name="noise"):
    """x + std * normal: every input is blurred, which for a linear model is the same as an L2 penalty.

    std is in units of the preprocessed input: 0.1 is a tenth of a standard deviation of standardized columns.

    Source: Sietsma & Dow 1991; Bishop 1995, "Training with Noise is Equivalent to Tikhonov Regularization".
    """

    std: float = setting(0.1, "standard deviation of the noise", ge=0, search={"log": [1e-2, 1.0]})

    def change(self, x: Array, t: Array, rng: np.random.Generator) -> None:
        """X += std * normal."""
        noise = rng.standard_normal(x.shape, dtype=x.dtype)
        noise *= self.std
        x += noise
