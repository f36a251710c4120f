"""Evaluation: the network's outputs and scores over many rows, in large batches, apart from the training memory.

Where there are kernels, the way forth is one call, and so are scores of all rows; else the layers' NumPy methods run.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trainlab.core.types import Array
from trainlab.data.lazy import gather
from trainlab.engine.buffers import allocate
from trainlab.engine.network import Net
from trainlab.nn.loss import Loss, LossSlot

if TYPE_CHECKING:
    from trainlab.engine.compiled.evaluation import EvaluationPlan

_BUDGET = 1 << 19  # numbers in the widest layer of an evaluation batch: 2 MB of float32
_MOST = 512  # rows of an evaluation batch


@dataclass(frozen=True, slots=True)
class Scores:
    """Mean loss and, by task, accuracy or R2 over a set of rows; nan where the set is empty."""

    loss: float
    score: float


class Evaluator:
    """Runs a net in evaluation mode over rows x with encoded targets t."""

    def __init__(self, net: Net, loss: Loss, *, regression: bool) -> None:
        self.net, self.loss, self.regression = net, loss, regression
        widest = max(int(np.prod(n.out_shape)) for n in net.all_nodes())
        self._limit = max(1, min(_MOST, _BUDGET // widest))
        self._rows = 0
        self._plan: EvaluationPlan | None = None

    def _room(self, rows: int) -> None:
        rows = min(rows, self._limit)
        if rows > self._rows:
            self._rows = rows
            self._work = self.net.workspace(rows, train=False)
            if self.net.library is not None:
                from trainlab.engine.compiled.evaluation import EvaluationPlan

                self._plan = EvaluationPlan(self._work, self.loss, self.net.library)

    def outputs(self, x: Any) -> Array:
        """The network's outputs (rows, units) for all rows of x."""
        n = len(x)
        self._room(n)
        y = np.empty((n, *self.net.out_shape), self.net.dtype)
        with np.errstate(all="ignore"):
            for start in range(0, n, max(1, self._rows)):
                index = np.arange(start, min(n, start + self._rows))
                work = self._work.first(len(index))
                gather(x, index, work.x)
                if self._plan is not None:
                    self._plan.forward(len(index))
                else:
                    work.forward()
                y[start : start + len(index)] = work.y
        return y

    def scores(self, x: Any, t: Array) -> Scores:
        """Loss and score over all rows of x with encoded targets t."""
        n = len(t)
        if n == 0:
            return Scores(float("nan"), float("nan"))
        if not self.regression and (scores := self._planned(x, t)) is not None:
            return scores
        y = self.outputs(x)
        return self.compare(y, t)

    def _planned(self, x: Any, t: Array) -> Scores | None:
        """Loss and accuracy by the plan, where it knows the loss of such targets."""
        self._room(len(t))
        found = self._plan.scores(x, t) if self._plan is not None else None
        return None if found is None else Scores(found[0], found[1] / len(t))

    def compare(self, y: Array, t: Array) -> Scores:
        """Loss and score of outputs y (rows, units) against encoded targets t."""
        return compared(self.loss, y, t, regression=self.regression)


def compared(loss: Loss, y: Array, t: Array, *, regression: bool) -> Scores:
    """Loss and score of outputs y (rows, units), wherever they come from, against encoded targets t."""
    n = len(t)
    tmp = {k: allocate(s, n, y.dtype) for k, s in loss.scratch(y.shape[-1]).items()}
    end = LossSlot(y, t, None, tmp)
    with np.errstate(all="ignore"):
        mean = float(loss.value(end))
        if not regression:
            return Scores(mean, end.hits / n)
        return Scores(mean, r2(y, t))


def r2(y: Array, t: Array) -> float:
    """1 - (squared error) / (squared distance from the mean), averaged over the columns; nan for constant targets.

    Source: scikit-learn's `r2_score` with uniform averaging.
    """
    wide = t.astype(np.float64)
    error = np.square(y - wide).sum(axis=0)
    spread = np.square(wide - wide.mean(axis=0)).sum(axis=0)
    with np.errstate(all="ignore"):
        return float((1.0 - error / spread).mean()) if spread.all() else float("nan")
