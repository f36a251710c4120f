"""Ordinal: classes that are levels with an order."""

from math import log
from typing import Any, ClassVar

import numpy as np

from trainlab.core.errors import UserError
from trainlab.core.types import Array, Task
from trainlab.nn.activations._sigmoid import sigmoid
from trainlab.nn.loss import LossSlot
from trainlab.nn.losses._class_weights import ClassWeighted


class Ordinal(ClassWeighted, name="ordinal"):
    """-log of the probability of the right level, built from yes-or-no questions: is it above level k? At chance: ln C.

        p_k = sigmoid(y_k) = P(above k | at least k);  P(level k) = p_0 ... p_(k-1) (1 - p_k)
        loss = sum over k < t of log(1 + exp(-y_k)), plus log(1 + exp(y_t)) unless t is the highest level
        dy_k = p_k - 1 for k < t, p_t for k = t, 0 above

    For ratings, grades and stages: between 1 and 5 the network errs by four levels, between 4 and 5 by one, which
    `softmax_cross_entropy` does not know. P(above k) falls with k for whatever outputs, so the questions never
    contradict each other. The prediction is the median level: the number of levels that a row is probably above.

    Source: Shi, Cao & Raschka 2023, arXiv:2111.08851 (CORN); McCullagh 1980, the continuation-ratio model.
    """

    tasks: ClassVar[tuple[str, ...]] = ("classification",)

    def units(self, task: Task) -> int:
        """One for each level but the highest."""
        if not task.ordered:
            raise UserError("loss: ordinal is for levels with an order; set `data.task: ordinal`, or use `loss: auto`")
        super().units(task)
        return task.outputs - 1

    def encode(self, y: Array, task: Task) -> Array:
        """Level indices."""
        return np.asarray(y, dtype=np.int64)

    def each(self, s: LossSlot) -> Array:
        """-log P(level t)."""
        y, t = s.y, s.t
        places: Array = np.arange(int(y.shape[1]))
        above, asked = places < t[:, None], places <= t[:, None]
        s.hits = float(np.count_nonzero(_median(y) == t))
        if s.dy is not None:
            s.dy[...] = (sigmoid(y) - above) * asked
        return self.weighted((np.logaddexp(0, np.where(above, -y, y)) * asked).sum(axis=1), t, s.dy)

    def torch(self, torch: Any, y: Any, t: Any) -> Any:
        """`each` in PyTorch."""
        places, level = torch.arange(y.shape[1], device=y.device), t[:, None]
        above, asked = places < level, places <= level
        each = (torch.nn.functional.softplus(torch.where(above, -y, y)) * asked).sum(1)
        return self.torch_weighted(torch, each, t)

    def chance(self, t: Array, task: Task) -> float:
        """Ln C, times the rows' mean weight: all levels alike."""
        return log(task.outputs) * self.mean_weight(t)

    def predict(self, y: Array, task: Task) -> Array:
        """The median level."""
        return _median(y)

    def probabilities(self, y: Array) -> Array:
        """The probability of each level."""
        reached = np.exp(_log_above(y))  # P(above k)
        ones, zeros = np.ones((len(y), 1), y.dtype), np.zeros((len(y), 1), y.dtype)
        return np.concatenate([ones, reached], axis=1) - np.concatenate([reached, zeros], axis=1)

    def outputs_of(self, p: Array, task: Task) -> Array:
        """log P(above k) - log P(level k)."""
        above = np.cumsum(p[:, :0:-1], axis=1)[:, ::-1]
        return np.log(above) - np.log(p[:, :-1])


def _log_above(y: Array) -> Array:
    """log P(above k) for each level k but the highest."""
    return np.cumsum(-np.logaddexp(0, -y), axis=1)


def _median(y: Array) -> Array:
    """How many levels a row is probably above."""
    return np.count_nonzero(_log_above(y) > np.log(0.5), axis=1)
