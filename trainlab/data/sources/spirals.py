"""Spirals: arms that wind around each other."""

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Shape, Task
from trainlab.data.dataset import Loaded, Rows
from trainlab.data.source import Source
from trainlab.data.sources._generated import Samples, class_of_each, named, numbered


class Spirals(Source, name="spirals"):
    """One arm a class, (r sin a, r cos a) with the radius r drawn from 0 to 1 and the angle
    a = 2 pi class / classes + 4 r + noise: a linear model gets about half of it, one hidden layer nearly all.

    Source: CS231n, "Putting it together: Minimal Neural Network Case Study", with the radius drawn at random.
    """

    samples: Samples = setting(1500, "number of rows")
    classes: int = setting(3, "number of arms", ge=2)
    noise: float = setting(0.2, "standard deviation of the angle, in radians", ge=0)

    def load(self, rng: np.random.Generator) -> Loaded:
        """Rows in random order of classes."""
        y = class_of_each(self.samples, self.classes, rng)
        radius = rng.uniform(0, 1, self.samples)
        angle = 2 * np.pi * y / self.classes + 4 * radius + rng.normal(scale=self.noise, size=self.samples)
        x = np.column_stack([radius * np.sin(angle), radius * np.cos(angle)])
        return Loaded(Rows(x, y, numbered(2)), self.known()[1])

    def known(self) -> tuple[Shape, Task]:
        """Two numbers, `classes` classes."""
        return (2,), named(self.classes)
