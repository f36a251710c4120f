"""Leak: validation rows that were trained on."""

import numpy as np

from trainlab.core.component import setting
from trainlab.core.errors import DataError
from trainlab.core.types import Array
from trainlab.data.dataset import Rows
from trainlab.data.fault import Fault, Split


class Leak(Fault, name="leak"):
    """A share of the validation rows is replaced by copies of training rows: validation rewards memory.

    The number of validation rows stays. No training row is copied twice where there are enough of them.
    """

    share: float = setting(1.0, "share of the validation rows that are copies of training rows", ge=0, le=1)

    def damage(self, split: Split, rng: np.random.Generator) -> Split:
        """Copies in validation; training and test stay."""
        train, val = split.train, split.val
        if val is None:
            raise DataError("data.faults: `leak` needs validation rows; set `split: {val: 0.15}`")
        into = rng.permutation(len(val))[: round(self.share * len(val))]
        copied = rng.permutation(len(train))
        copied = np.resize(copied, len(into))

        def mixed(a: Array | None, b: Array | None) -> Array | None:
            if a is None or b is None:
                return None
            a = a.copy()
            a[into] = b[copied]
            return a

        x, y = np.array(val.x), val.y.copy()
        x[into], y[into] = train.x[copied], train.y[copied]
        leaked = Rows(
            x,
            y,
            val.features,
            mixed(val.groups, train.groups),
            mixed(val.time, train.time),
            mixed(val.lines, train.lines),
            mixed(val.weights, train.weights),
        )
        return Split(train, leaked, split.test, split.task, split.sorted, split.skip)
