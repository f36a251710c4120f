"""Binary cross-entropy: two classes, one output."""

from math import log
from typing import ClassVar

import numpy as np

from trainlab.core.errors import UserError
from trainlab.core.types import Array, Task
from trainlab.nn.layer import Scratch
from trainlab.nn.loss import Loss, LossSlot


class BinaryCrossEntropy(Loss, name="binary_cross_entropy"):
    """-log of the probability of the right one of two classes; p = sigmoid(y) is the second's. At chance: ln 2.

        loss = mean of log(1 + exp(y)) - t y;  dy = (sigmoid(y) - t) / rows

    The network's output y is the logit: no sigmoid layer at the end, this loss holds it.

    Source: Bishop 2006, equation 4.90.
    """

    tasks: ClassVar[tuple[str, ...]] = ("classification",)

    def units(self, task: Task) -> int:
        """One; it is for two classes only."""
        if task.outputs != 2:
            raise UserError(
                f"loss: binary_cross_entropy is for 2 classes, these targets have {task.outputs}; "
                "use softmax_cross_entropy"
            )
        return 1

    def encode(self, y: Array, task: Task) -> Array:
        """0.0 or 1.0, as a column."""
        return np.asarray(y, dtype=np.float64).reshape(-1, 1)

    def scratch(self, units: int) -> dict[str, Scratch]:
        """exp(-|y|) and two working arrays; which rows are right."""
        return {
            "small": Scratch((units,)),
            "work": Scratch((units,)),
            "other": Scratch((units,)),
            "hit": Scratch((units,), dtype=np.bool_),
            "one": Scratch((units,), dtype=np.bool_),
        }

    def value(self, s: LossSlot) -> float:
        """The mean of max(0, y) - t y + log(1 + exp(-|y|)), which nothing overflows."""
        y, t, dy = s.y, s.t, s.dy
        tmp = s.tmp
        small, work, other, hit, one = tmp["small"], tmp["work"], tmp["other"], tmp["hit"], tmp["one"]
        rows = len(y)
        np.greater(y, 0, out=hit)
        np.greater(t, 0.5, out=one)
        np.equal(hit, one, out=hit)
        s.hits = float(np.count_nonzero(hit))
        np.abs(y, out=small)
        np.negative(small, out=small)
        np.exp(small, out=small)
        np.maximum(y, 0, out=work)
        np.multiply(y, t, out=other)
        np.subtract(work, other, out=work)
        np.log1p(small, out=other)
        np.add(work, other, out=work)
        loss = np.add.reduce(work, axis=None)
        if dy is not None:  # sigmoid(y) = (1 if y > 0 else small) / (1 + small)
            np.greater(y, 0, out=one)
            np.add(small, 1, out=work)
            np.copyto(small, 1, where=one)
            np.divide(small, work, out=dy)
            np.subtract(dy, t, out=dy)
            np.multiply(dy, 1 / rows, out=dy)
        return float(loss) / rows

    def chance(self, t: Array, task: Task) -> float:
        """Ln 2."""
        return log(2)

    def predict(self, y: Array, task: Task) -> Array:
        """1 where the logit is positive, else 0."""
        return (y[:, 0] > 0).astype(np.int64)

    def probabilities(self, y: Array) -> Array:
        """(1 - p, p), p = sigmoid(y), each without loss of digits."""
        z = np.concatenate([-y, y], axis=1)
        return np.exp(-np.logaddexp(0, -z))
