"""Losses of one output for each class, +1 for the right one and -1 for the others."""

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np

from trainlab.core.types import Array, Task
from trainlab.nn.loss import Loss, LossSlot


class SignLoss(Loss):
    """Each output is told +1 or -1 on its own, whatever the others are (one against the rest)."""

    tasks: ClassVar[tuple[str, ...]] = ("classification",)

    def units(self, task: Task) -> int:
        """One a class."""
        return task.outputs

    def encode(self, y: Array, task: Task) -> Array:
        """+1.0 for the class of the row, -1.0 for the others, (n, classes)."""
        return np.where(np.asarray(y)[:, None] == np.arange(task.outputs), 1.0, -1.0)

    def each(self, s: LossSlot) -> Array:
        """The mean over the outputs of the cost of t y, t = +-1."""
        s.hits = float(np.count_nonzero(s.y.argmax(axis=1) == s.t.argmax(axis=1)))
        cost, slope = self.cost(s.t * s.y)
        if s.dy is not None:
            s.dy[...] = slope * s.t / s.y.shape[1]
        return cost.mean(axis=1)

    @abstractmethod
    def cost(self, margin: Array) -> tuple[Array, Array]:
        """The cost of margins t y, and its slope."""

    def torch(self, torch: Any, y: Any, t: Any) -> Any:
        """`each` in PyTorch."""
        return self.torch_cost(torch, t * y).mean(1)

    def torch_cost(self, torch: Any, margin: Any) -> Any:
        """The cost in PyTorch. Raises NotImplementedError if the loss has no such form."""
        raise NotImplementedError(self.name)

    @abstractmethod
    def least(self, share: Array) -> Array:
        """The cost of the best constant, where this share of the targets of an output is +1."""

    def chance(self, t: Array, task: Task) -> float:
        """Loss of the best constant outputs."""
        return float(self.least((t > 0).mean(axis=0)).mean())

    def predict(self, y: Array, task: Task) -> Array:
        """The class with the largest output."""
        return y.argmax(axis=1)
