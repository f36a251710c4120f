"""Circles: a ring around a ring."""

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Shape, Task
from trainlab.data.dataset import Loaded, Rows
from trainlab.data.source import Source
from trainlab.data.sources._generated import Samples, class_of_each, named, numbered


class Circles(Source, name="circles"):
    """Two rings around the origin, of radius 1 (class 0) and `factor` (class 1): no straight line separates them.

    Source: scikit-learn's make_circles, with the angle drawn at random.
    """

    samples: Samples = setting(1000, "number of rows")
    noise: float = setting(0.1, "standard deviation added to both coordinates", ge=0)
    factor: float = setting(0.5, "radius of the inner ring", gt=0, lt=1)

    def load(self, rng: np.random.Generator) -> Loaded:
        """Rows in random order of classes."""
        y = class_of_each(self.samples, 2, rng)
        radius = np.where(y == 0, 1.0, self.factor)
        angle = rng.uniform(0, 2 * np.pi, self.samples)
        x = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
        x += rng.normal(scale=self.noise, size=x.shape)
        return Loaded(Rows(x, y, numbered(2)), self.known()[1])

    def known(self) -> tuple[Shape, Task]:
        """Two numbers, two classes."""
        return (2,), named(2)
