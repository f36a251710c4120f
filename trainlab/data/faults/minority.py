"""Minority: one class crowds out all others."""

import numpy as np

from trainlab.core.component import setting
from trainlab.core.errors import DataError
from trainlab.data.fault import Fault, Split
from trainlab.data.faults._common import need, with_train


class Minority(Fault, name="minority"):
    """Keeps only a share of the training rows of every class but one; at least one row each.

    The network soon answers with the one class always. Validation and test keep their rows.
    """

    share: float = setting(0.02, "share of the rows kept of each class but one", ge=0, le=1)
    majority: int = setting(0, "number of the class that keeps all of its rows", ge=0)

    def damage(self, split: Split, rng: np.random.Generator) -> Split:
        """Thinned-out training rows, in their order."""
        need(self.name, split, "classification")
        if self.majority >= split.task.outputs:
            raise DataError(
                f"data.faults: `minority` has no class {self.majority}; there are {split.task.outputs}, from 0"
            )
        y = split.train.y
        kept = [np.flatnonzero(y == self.majority)]
        for c in range(split.task.outputs):
            if c != self.majority:
                rows = rng.permutation(np.flatnonzero(y == c))
                kept.append(rows[: max(1, round(self.share * len(rows)))])
        return with_train(split, split.train.take(np.sort(np.concatenate(kept))))
