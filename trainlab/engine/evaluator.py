"""Evaluation: the network's outputs and scores over many rows, in large batches, in memory of its own."""

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from trainlab.core.types import Array, Task
from trainlab.data.lazy import gather
from trainlab.engine.backend import Evaluation
from trainlab.engine.buffers import Workspace
from trainlab.engine.network import Net
from trainlab.nn.loss import Loss, LossSlot

_WIDEST = 1 << 19  # numbers in the widest layer of an evaluation batch: 2 MB of float32
_MOST_ROWS = 512  # rows of an evaluation batch


@dataclass(frozen=True, slots=True)
class Scores:
    """Mean loss and, by task, accuracy or R2 over a set of rows; nan for an empty set."""

    loss: float
    score: float


class Evaluator:
    """Runs a network in evaluation mode. Of an ensemble inside one network the outputs are the members' together."""

    def __init__(self, net: Net, loss: Loss, task: Task) -> None:
        self.net, self.loss, self.task, self.regression = net, loss, task, task.kind == "regression"
        widest = max(prod(n.out_shape) for n in net.all_nodes())
        self._limit = max(1, min(_MOST_ROWS, _WIDEST // widest))
        self._memory: tuple[Workspace, Evaluation] | None = None

    def outputs(self, x: Any) -> Array:
        """The network's outputs (rows, units) for all rows of x."""
        n = len(x)
        memory, run = self._prepared(n)
        y, members = np.empty((n, *self.net.out_shape), self.net.dtype), self.net.members
        with np.errstate(all="ignore"):
            run.begin()
            for start in range(0, n, max(1, memory.rows)):
                index = np.arange(start, min(n, start + memory.rows))
                work = memory.first(len(index))
                gather(x, index, work.x)
                run.forward(len(index))
                y[start : start + len(index)] = work.y
            return y if members == 1 else self.loss.averaged(y.reshape(n, members, -1), self.task)

    def scores(self, x: Any, t: Array, weights: Array | None = None, outputs: Array | None = None) -> Scores:
        """Loss and score over all rows of x with encoded targets t.

        weights (rows,): count in the loss only · outputs: those for x, if they are known.
        """
        if len(t) == 0:
            return Scores(float("nan"), float("nan"))
        if not self.regression and self.net.members == 1:
            _, run = self._prepared(len(t))
            if (found := run.scores(x, t, weights)) is not None:
                loss, hits = found
                return Scores(loss, hits / len(t))
        return self.compare(self.outputs(x) if outputs is None else outputs, t, weights)

    def compare(self, y: Array, t: Array, weights: Array | None = None) -> Scores:
        """Loss and score of outputs y (rows, units) against encoded targets t."""
        return compare(self.loss, y, t, regression=self.regression, weights=weights)

    def _prepared(self, rows: int) -> tuple[Workspace, Evaluation]:
        """Memory for batches of up to `rows` rows, at most the limit, and the functions that work on it."""
        rows = min(rows, self._limit)
        if self._memory is None or rows > self._memory[0].rows:
            work = self.net.workspace(rows, train=False)
            self._memory = work, self.net.backend.prepare_evaluation(work, self.loss)
        return self._memory


def compare(loss: Loss, y: Array, t: Array, *, regression: bool, weights: Array | None = None) -> Scores:
    """Loss and score of outputs y (rows, units) from any source against encoded targets t."""
    end = LossSlot(y, t, None, weights)
    with np.errstate(all="ignore"):
        mean = float(loss.value(end))
        if not regression:
            return Scores(mean, end.hits / len(t))
        return Scores(mean, r2(loss.point(y), t))


def r2(y: Array, t: Array) -> float:
    """1 - (squared error) / (squared distance from the mean), averaged over the columns; nan for constant targets.

    Source: scikit-learn's `r2_score` with uniform averaging.
    """
    wide = t.astype(np.float64)
    error = np.square(y - wide).sum(axis=0)
    spread = np.square(wide - wide.mean(axis=0)).sum(axis=0)
    with np.errstate(all="ignore"):
        return float((1.0 - error / spread).mean()) if spread.all() else float("nan")
