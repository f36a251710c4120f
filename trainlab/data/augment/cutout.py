"""Cutout: a hole in every image."""

import numpy as np

from trainlab.core.component import setting
from trainlab.core.errors import ShapeError
from trainlab.core.types import Array, Shape
from trainlab.data.augment._places import in_places, sides
from trainlab.data.augmentation import Augmentation


class Cutout(Augmentation, name="cutout"):
    """A square at a random place of each image is set to `fill`: the network cannot rely on one part alone.

    The square's middle may lie anywhere in the image, so it may reach over the border and be smaller. Rows of numbers
    lose a stretch of neighbours.

    Source: DeVries & Taylor 2017, arXiv:1708.04552.
    """

    size: float = setting(0.3, "side of the square: below 1 a share of each side of the image, else pixels", gt=0)
    fill: float = setting(0.0, "what the square is set to; 0 is the mean of standardized inputs")

    def check(self, shape: Shape) -> None:
        """Anything that is larger than the hole."""
        for side in sides(shape):
            if in_places(self.size, side) >= side:
                raise ShapeError(f"cutout of {self.size:g} places leaves nothing of rows of shape {shape}")

    def change(self, x: Array, t: Array, rng: np.random.Generator) -> None:
        """Fill one box in each row."""
        n, lengths = len(x), sides(x.shape[1:])
        hole = np.ones((n, *(1,) * len(lengths)), bool)
        for axis, side in enumerate(lengths):
            size = in_places(self.size, side)
            start = rng.integers(0, side, n)[:, None] - size // 2
            place = np.arange(side)
            covered = (place >= start) & (place < start + size)
            hole = hole & covered.reshape(n, *(side if a == axis else 1 for a in range(len(lengths))))
        x[hole] = self.fill
