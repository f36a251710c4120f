"""Outliers: single values far away from all others."""

import numpy as np

from trainlab.core.component import setting
from trainlab.data.fault import Fault, Split
from trainlab.data.faults._common import floats, with_train, with_x


class Outliers(Fault, name="outliers"):
    """One value of a share of the training rows is put `size` standard deviations (of all x) from its place.

    At least one row is hit unless `share` is 0. Validation and test stay as they are.
    """

    share: float = setting(0.01, "share of the training rows", ge=0, le=1)
    size: float = setting(100.0, "how far, in standard deviations of all training x; either side at random", gt=0)

    def damage(self, split: Split, rng: np.random.Generator) -> Split:
        """Outliers in training."""
        x = floats(split.train)
        flat = x.reshape(len(x), -1)
        hit = rng.permutation(len(x))[: max(1 if self.share else 0, round(self.share * len(x)))]
        column = rng.integers(flat.shape[1], size=len(hit))
        flat[hit, column] += rng.choice([-1, 1], size=len(hit)) * self.size * (float(x.std()) or 1.0)
        return with_train(split, with_x(split.train, x))
