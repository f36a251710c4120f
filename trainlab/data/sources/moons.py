"""Moons: two half circles that reach into each other."""

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Shape, Task
from trainlab.data.dataset import Loaded, Rows
from trainlab.data.source import Source
from trainlab.data.sources._generated import Samples, class_of_each, named, numbered


class Moons(Source, name="moons"):
    """Two half circles of radius 1 that reach into each other: (cos a, sin a) and (1 - cos a, 0.5 - sin a).

    Source: scikit-learn's make_moons, with the angle a drawn at random.
    """

    samples: Samples = setting(1000, "number of rows")
    noise: float = setting(0.1, "standard deviation added to both coordinates", ge=0)

    def load(self, rng: np.random.Generator) -> Loaded:
        """Rows in random order of classes."""
        y = class_of_each(self.samples, 2, rng)
        angle = rng.uniform(0, np.pi, self.samples)
        upper = np.column_stack([np.cos(angle), np.sin(angle)])
        x = np.where(y[:, None] == 0, upper, [1.0, 0.5] - upper)
        x += rng.normal(scale=self.noise, size=x.shape)
        return Loaded(Rows(x, y, numbered(2)), self.known()[1])

    def known(self) -> tuple[Shape, Task]:
        """Two numbers, two classes."""
        return (2,), named(2)
