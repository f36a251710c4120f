"""Subset: too few training rows."""

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Count
from trainlab.data.fault import Fault, Split
from trainlab.data.faults._common import with_train


class Subset(Fault, name="subset"):
    """Keeps only `rows` random training rows: a network of any size memorizes them.

    Validation and test rows are unchanged. If there are fewer training rows, all remain.
    """

    rows: Count = setting(50, "number of training rows to keep")

    def damage(self, split: Split, rng: np.random.Generator) -> Split:
        """Fewer training rows, in their order."""
        kept = rng.permutation(len(split.train))[: self.rows]
        return with_train(split, split.train.take(np.sort(kept)))
