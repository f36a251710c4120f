"""Draws the batches: a new order of the training rows every epoch."""

from typing import Any

import numpy as np

from trainlab.core.types import Array


class BatchSampler:
    """Row indices batch by batch: a fresh permutation every epoch, or the rows in their own order.

    batch_size: at most the number of rows · steps_per_epoch: batches in an epoch; the last one may be shorter.
    Its state is two plain values (the generator's state when the epoch began, the batches taken since), so a resumed
    run continues in the middle of an epoch.
    """

    def __init__(self, rows: int, batch_size: int, rng: np.random.Generator, *, shuffle: bool = True) -> None:
        self.rows, self.shuffle = rows, shuffle
        self.batch_size = min(batch_size, rows)
        self.steps_per_epoch = steps_per_epoch(rows, batch_size)
        self._rng = rng
        self._begin()

    def _begin(self) -> None:
        self._before = self._rng.bit_generator.state
        self._index = self._rng.permutation(self.rows) if self.shuffle else np.arange(self.rows)
        self._taken = 0

    @property
    def steps_left(self) -> int:
        """Batches left in the epoch; those of a new epoch if none are left."""
        return self.steps_per_epoch - self._taken % self.steps_per_epoch

    def remaining(self) -> Array:
        """The indices (int64) of all rows left in the epoch, batch after batch; of a new epoch if none are left."""
        if self._taken == self.steps_per_epoch:
            self._begin()
        return self._index[self._taken * self.batch_size :]

    def skip(self, batches: int) -> None:
        """Go on by so many batches, which must not be more than `steps_left`."""
        self._taken += batches

    def state(self) -> dict[str, Any]:
        """The position as plain data."""
        return {"rng": self._before, "taken": self._taken}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a saved position."""
        self._rng.bit_generator.state = state["rng"]
        self._begin()
        self._taken = state["taken"]


def steps_per_epoch(rows: int, batch_size: int) -> int:
    """How many batches an epoch has: the last one may be shorter, and no batch is larger than the data set.

    >>> steps_per_epoch(100, 32), steps_per_epoch(20, 32)
    (4, 1)
    """
    return -(-rows // min(batch_size, rows))
