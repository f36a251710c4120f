"""Losses of one output for each number that a regression predicts."""

from typing import ClassVar

import numpy as np

from trainlab.core.types import Array, Task
from trainlab.nn.loss import Loss


class NumberLoss(Loss):
    """Each output is the prediction of one number, through `point`."""

    tasks: ClassVar[tuple[str, ...]] = ("regression",)

    def units(self, task: Task) -> int:
        """One an output."""
        return task.outputs

    def encode(self, y: Array, task: Task) -> Array:
        """Numbers (n, k)."""
        return np.asarray(y, dtype=np.float64).reshape(len(y), -1)

    def predict(self, y: Array, task: Task) -> Array:
        """The numbers."""
        return self.point(y)
