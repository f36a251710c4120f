"""The training rows, batch by batch: a new order every epoch, gathered into the workspace's own memory."""

from typing import Any

import numpy as np

from trainlab.core.types import Array


class BatchSampler:
    """Which rows come next: a fresh permutation every epoch, or the rows as they lie.

    Its place is two plain values (the generator's state when the epoch began, the batches taken since), so that a
    resumed run goes on in the middle of an epoch.
    """

    def __init__(self, rows: int, batch_size: int, rng: np.random.Generator, *, shuffle: bool = True) -> None:
        self.rows, self.batch_size, self.shuffle = rows, min(batch_size, rows), shuffle
        self.steps_per_epoch = -(-rows // self.batch_size)
        self._rng = rng
        self._begin()

    def _begin(self) -> None:
        self._before = self._rng.bit_generator.state
        self._index = self._rng.permutation(self.rows) if self.shuffle else np.arange(self.rows)
        self.taken = 0

    def upcoming(self) -> Array:
        """The indices of all rows of this epoch that are still to come, of a new one if there are none."""
        if self.taken == self.steps_per_epoch:
            self._begin()
        return self._index[self.taken * self.batch_size :]

    def next(self) -> Array:
        """The indices of the next batch; the last one of an epoch may be shorter."""
        if self.taken == self.steps_per_epoch:
            self._begin()
        start = self.taken * self.batch_size
        self.taken += 1
        return self._index[start : start + self.batch_size]

    def state(self) -> dict[str, Any]:
        """Where it stands, as plain data."""
        return {"rng": self._before, "taken": self.taken}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self._rng.bit_generator.state = state["rng"]
        self._begin()
        self.taken = state["taken"]
