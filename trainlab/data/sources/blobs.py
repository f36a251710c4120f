"""Blobs: round clouds of points, one a class."""

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Count, Shape, Task
from trainlab.data.dataset import Loaded, Rows
from trainlab.data.source import Source
from trainlab.data.sources._generated import Samples, class_of_each, named, numbered


class Blobs(Source, name="blobs"):
    """Round normal clouds around centers on a circle (on a sphere with more features): even a linear model tells
    them apart. `noise` is each cloud's standard deviation, where neighbouring centers are about 1.7 apart with three.

    Source: after scikit-learn's make_blobs, with centers that never lie too near each other.
    """

    samples: Samples = setting(1000, "number of rows")
    classes: int = setting(3, "number of clouds", ge=2, le=1000)
    features: Count = setting(2, "numbers per row", le=1000)
    noise: float = setting(0.35, "standard deviation of a cloud; centers lie 1 from the origin", ge=0)

    def load(self, rng: np.random.Generator) -> Loaded:
        """Rows in random order of classes."""
        y = class_of_each(self.samples, self.classes, rng)
        x = self._centers(rng)[y] + rng.normal(scale=self.noise, size=(self.samples, self.features))
        return Loaded(Rows(x, y, numbered(self.features)), self.known()[1])

    def known(self) -> tuple[Shape, Task]:
        """`features` numbers, `classes` classes."""
        return (self.features,), named(self.classes)

    def _centers(self, rng: np.random.Generator) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        if self.features == 1:
            return np.arange(self.classes, dtype=np.float64)[:, None] * 2 - (self.classes - 1)
        if self.features == 2 or self.classes > self.features:
            angle = 2 * np.pi * (np.arange(self.classes) / self.classes + rng.uniform())
            centers = np.zeros((self.classes, self.features))
            centers[:, 0], centers[:, 1] = np.cos(angle), np.sin(angle)
            return centers
        basis, _ = np.linalg.qr(rng.normal(size=(self.features, self.features)))
        return basis[: self.classes]
