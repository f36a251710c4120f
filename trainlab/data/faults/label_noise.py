"""Label noise: some training rows have a wrong target."""

import numpy as np

from trainlab.core.component import setting
from trainlab.data.fault import Fault, Split
from trainlab.data.faults._common import with_train, with_y


class LabelNoise(Fault, name="label_noise"):
    """A share of the training rows gets another class, each wrong one alike; in a regression, each other's targets.

    Five percent are harmless to most networks; the more there is, the more there is to memorize.
    """

    share: float = setting(0.1, "share of the training rows", ge=0, le=1)

    def damage(self, split: Split, rng: np.random.Generator) -> Split:
        """Wrong targets in training; validation and test stay right."""
        y = split.train.y.copy()
        rows = rng.permutation(len(y))[: round(self.share * len(y))]
        if split.task.kind == "classification":
            y[rows] = (y[rows] + rng.integers(1, split.task.outputs, len(rows))) % split.task.outputs
        else:
            y[rows] = y[np.roll(rows, 1)]
        return with_train(split, with_y(split.train, y))
