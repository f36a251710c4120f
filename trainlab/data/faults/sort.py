"""Sort: the training rows come class by class and are never shuffled."""

import numpy as np

from trainlab.data.fault import Fault, Split


class Sort(Fault, name="sort"):
    """The training rows in the order of their class (regression: of their first target), never shuffled.

    Every batch holds one class only, and the network forgets the others.
    """

    def damage(self, split: Split, rng: np.random.Generator) -> Split:
        """Sorted training rows; with `sorted` the loop does not shuffle them."""
        y = split.train.y
        order = np.argsort(y if y.ndim == 1 else y[:, 0], kind="stable")
        return Split(split.train.take(order), split.val, split.test, split.task, True, split.skip)
