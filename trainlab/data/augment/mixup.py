"""Mixup: rows that are partly another row."""

from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array
from trainlab.data.augmentation import Augmentation


class Mixup(Augmentation, name="mixup"):
    """x <- a x + (1 - a) x', t <- a t + (1 - a) t': x', t' another row of the batch, a drawn from Beta(alpha, alpha).

    The network learns to change its mind evenly on the way from one row to the other: less sure of itself, and harder
    to fool by wrong labels. Classes become shares, so the training accuracy is no longer easy to read.

    Shapes: t (n, classes) shares or (n, k) numbers, floats.
    Source: Zhang et al. 2018, arXiv:1710.09412; there a is the same for the whole batch, here each row has its own.
    """

    mixes: ClassVar[bool] = True

    alpha: float = setting(0.2, "small: nearly always one of the two rows; 1: any mixture", gt=0)

    def change(self, x: Array, t: Array, rng: np.random.Generator) -> None:
        """Mix each row with a partner from the batch."""
        own = rng.beta(self.alpha, self.alpha, len(x))
        partner = rng.permutation(len(x))
        for a in (x, t):
            share = own.astype(a.dtype).reshape(-1, *(1,) * (a.ndim - 1))
            other = a[partner]
            other -= a
            other *= 1 - share
            a += other
