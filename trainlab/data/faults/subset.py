"""Subset: too few rows to train on."""

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Count
from trainlab.data.fault import Fault, Split
from trainlab.data.faults._common import with_train


class Subset(Fault, name="subset"):
    """Only so many of the training rows are kept, at random: a network of any size memorizes them.

    Validation and test keep their rows. All training rows are kept where there are no more.
    """

    rows: Count = setting(50, "number of training rows to keep")

    def damage(self, split: Split, rng: np.random.Generator) -> Split:
        """Fewer training rows, in their order."""
        kept = rng.permutation(len(split.train))[: self.rows]
        return with_train(split, split.train.take(np.sort(kept)))
