"""Friedman 1: a smooth function of five numbers, hidden among ten."""

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array, Shape, Task
from trainlab.data.dataset import Loaded, Rows
from trainlab.data.source import Source
from trainlab.data.sources._generated import Samples, numbered


class Friedman1(Source, name="friedman1"):
    """y = 10 sin(pi x1 x2) + 20 (x3 - 0.5)^2 + 10 x4 + 5 x5 + noise, all x uniform in 0 to 1, the other x useless.

    y has mean 14.4 and standard deviation 4.9, so that with `noise: 0.5` no model can pass an R2 of 0.99.

    Source: J. Friedman 1991, "Multivariate adaptive regression splines"; scikit-learn's make_friedman1.
    """

    samples: Samples = setting(2000, "number of rows")
    features: int = setting(10, "numbers per row; all after the fifth are useless", ge=5)
    noise: float = setting(0.5, "standard deviation added to y", ge=0)

    def load(self, rng: np.random.Generator) -> Loaded:
        """Rows drawn independently."""
        x = rng.uniform(size=(self.samples, self.features))
        y = friedman(x) + rng.normal(scale=self.noise, size=self.samples)
        return Loaded(Rows(x, y[:, None], numbered(self.features)), self.known()[1])

    def known(self) -> tuple[Shape, Task]:
        """`features` numbers, one target."""
        return (self.features,), Task("regression", 1, ("y",))


def friedman(x: Array) -> Array:
    """The function without noise, (n,) from (n, features).

    >>> float(friedman(np.array([[0.5, 1.0, 0.5, 1.0, 1.0]]))[0])
    25.0
    """
    return 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
