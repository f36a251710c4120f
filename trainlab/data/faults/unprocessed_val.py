"""Unprocessed validation: the preprocessing was forgotten there."""

import numpy as np

from trainlab.data.fault import Fault, Split


class UnprocessedVal(Fault, name="unprocessed_val"):
    """Validation rows go to the network raw, training rows preprocessed: the network sees numbers it never saw."""

    def damage(self, split: Split, rng: np.random.Generator) -> Split:
        """The same rows; `skip` names validation."""
        return Split(split.train, split.val, split.test, split.task, split.sorted, (*split.skip, "val"))
