"""Flip: mirror images."""

from typing import Literal

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array, Shape
from trainlab.data.augment._places import need_images
from trainlab.data.augmentation import Augmentation


class Flip(Augmentation, name="flip"):
    """Each image is mirrored with probability `chance`: left and right, or top and bottom.

    Right for photographs, wrong where sides have a meaning: a mirrored 2 is no digit.

    Source: Krizhevsky et al. 2012, section 4.1; CS231n, "Training Neural Networks", data augmentation.
    """

    chance: float = setting(0.5, "probability that an image is mirrored", ge=0, le=1)
    axis: Literal["horizontal", "vertical"] = setting(
        "horizontal", "horizontal: left and right change places; vertical: top and bottom"
    )

    def check(self, shape: Shape) -> None:
        """Images only."""
        need_images("flip", shape)

    def change(self, x: Array, t: Array, rng: np.random.Generator) -> None:
        """Mirror the chosen images."""
        chosen = np.flatnonzero(rng.random(len(x)) < self.chance)
        x[chosen] = x[chosen, :, ::-1] if self.axis == "horizontal" else x[chosen, ::-1]
