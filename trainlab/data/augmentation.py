"""An augmentation changes training batches at random, so that the network never sees the same row twice.

It works on rows as the network gets them, after preprocessing: 0 is the mean of standardized inputs.
To add one, write one class in one file of `trainlab/data/augment`.
"""

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from trainlab.core.component import Component
from trainlab.core.types import Array, Shape


class Augmentation(Component, kind="augment", rooms=("trainlab.data.augment",)):
    """Works in place on one training batch; evaluation never sees it."""

    mixes: ClassVar[bool] = False  # changes the targets too: classes then come as shares (n, classes), not as indices

    def check(self, shape: Shape) -> None:
        """Raises ShapeError where rows of this shape cannot be augmented so (a row of numbers has no left or right)."""

    @abstractmethod
    def change(self, x: Array, t: Array, rng: np.random.Generator) -> None:
        """Overwrite x (n, *shape) and, where it mixes rows, the encoded targets t, drawing only from rng."""
