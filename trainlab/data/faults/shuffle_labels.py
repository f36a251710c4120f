"""Shuffle labels: the training targets belong to other rows."""

import numpy as np

from trainlab.data.fault import Fault, Split
from trainlab.data.faults._common import with_train, with_y


class ShuffleLabels(Fault, name="shuffle_labels"):
    """The training targets in random order, as a wrong join or sort of one column makes them: nothing to learn.

    A big network still memorizes them (Zhang et al. 2017, "Understanding deep learning requires rethinking
    generalization"), and validation stays at chance.
    """

    def damage(self, split: Split, rng: np.random.Generator) -> Split:
        """Permuted targets in training; validation and test stay right."""
        return with_train(split, with_y(split.train, rng.permutation(split.train.y)))
