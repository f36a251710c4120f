"""Softmax cross-entropy: the loss of classification."""

from math import log
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from trainlab.core.component import setting
from trainlab.core.errors import UserError
from trainlab.core.types import Array, Task
from trainlab.nn.constants import ones, row_starts
from trainlab.nn.layer import Scratch
from trainlab.nn.loss import Loss, LossSlot

Weight = Annotated[float, Field(gt=0)]


class SoftmaxCrossEntropy(Loss, name="softmax_cross_entropy"):
    """-log of the probability of the right class, the probabilities being softmax(y). At chance: ln C.

        p = softmax(y);  loss = mean over rows of sum_c -q_c log p_c;  dy = (p - q) / rows

    q is 1 for the right class; with `label_smoothing` e it is 1 - e + e / C there and e / C elsewhere; with
    `class_weights` w each class's part of q is multiplied by its w. The mean is over rows, also when weighted, so
    that batches average (torch divides by the sum of the weights). Targets may be probabilities (rows, C): mixup.

    Source: Bishop 2006, section 4.3.4; label smoothing: Szegedy et al. 2016, arXiv:1512.00567, section 7.
    """

    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    soft: ClassVar[bool] = True

    label_smoothing: float = setting(0.0, "share of each label that is spread over all classes", ge=0, lt=1)
    class_weights: Literal["balanced"] | list[Weight] | None = setting(
        None, "a weight for each class, or `balanced`: rows / (classes * rows of the class)"
    )

    def units(self, task: Task) -> int:
        """One a class."""
        if isinstance(self.class_weights, list) and len(self.class_weights) != task.outputs:
            raise UserError(
                f"loss.class_weights: {len(self.class_weights)} weights for {task.outputs} classes; give one a class"
            )
        return task.outputs

    def fitted(self, y: Array, task: Task) -> Self:
        """`balanced` replaced by the weights that it means on these training targets."""
        if self.class_weights != "balanced":
            return self
        counts = np.bincount(np.asarray(y, dtype=np.int64), minlength=task.outputs)
        weights = len(y) / (task.outputs * np.maximum(counts, 1))
        return self.model_copy(update={"class_weights": weights.tolist()})

    def encode(self, y: Array, task: Task) -> Array:
        """Class indices."""
        return np.asarray(y, dtype=np.int64)

    def scratch(self, units: int) -> dict[str, Scratch]:
        """z: y less its row's maximum; q: targets; one number a row: top, sum, picked, best, place, hit."""
        return {
            "z": Scratch((units,)),
            "q": Scratch((units,)),
            "top": Scratch(()),
            "sum": Scratch(()),
            "picked": Scratch(()),
            "best": Scratch((), dtype=np.int64),
            "place": Scratch((), dtype=np.int64),
            "hit": Scratch((), dtype=np.bool_),
        }

    def value(self, s: LossSlot) -> float:
        """The mean of log sum exp(y) - y at the right class; dy = (softmax(y) - q) / rows."""
        y, t, tmp = s.y, s.t, s.tmp
        best, place, top = tmp["best"], tmp["place"], tmp["top"]
        y.argmax(axis=1, out=best)
        np.add(best, row_starts(*y.shape), out=place)  # argmax and take are faster than a maximum along rows
        y.take(place, out=top, mode="clip")
        np.subtract(y, top[:, None], out=tmp["z"])
        if t.ndim == 1 and self.label_smoothing == 0 and self.class_weights is None:
            np.equal(best, t, out=tmp["hit"])
            loss = _plain(s)
        else:
            self._targets(t, tmp)
            np.equal(best, place, out=tmp["hit"])
            loss = _general(s)
        s.hits = float(np.count_nonzero(tmp["hit"]))
        return loss

    def _targets(self, t: Array, tmp: dict[str, Array]) -> None:
        """q, smoothed and weighted; `place` is the class that each row is to be counted for."""
        q, place = tmp["q"], tmp["place"]
        rows, units = q.shape
        if t.ndim == 1:
            q.fill(0)
            np.add(t, row_starts(rows, units), out=place)
            q.reshape(-1).put(place, 1.0)
            np.copyto(place, t)
        else:
            np.copyto(q, t)
            t.argmax(axis=1, out=place)
        if self.label_smoothing:
            np.multiply(q, 1 - self.label_smoothing, out=q)
            np.add(q, self.label_smoothing / units, out=q)
        if self.class_weights == "balanced":
            raise RuntimeError("balanced class weights were not fitted to the training targets")
        if isinstance(self.class_weights, list):
            np.multiply(q, self.class_weights, out=q)

    def chance(self, t: Array, task: Task) -> float:
        """Ln C, times the rows' mean weight."""
        if not isinstance(self.class_weights, list):
            return log(task.outputs)
        slot = {"q": np.empty((len(t), task.outputs)), "place": np.empty(len(t), np.int64)}
        self._targets(t, slot)
        return log(task.outputs) * float(slot["q"].sum(axis=1).mean())

    def predict(self, y: Array, task: Task) -> Array:
        """The class with the largest output."""
        return y.argmax(axis=1)

    def probabilities(self, y: Array) -> Array:
        """softmax(y)."""
        p = np.exp(y - y.max(axis=1, keepdims=True))
        return p / p.sum(axis=1, keepdims=True)


def _plain(s: LossSlot) -> float:
    """One right class a row, all alike: its place in the flat array replaces the matrix q."""
    z, total, picked, place, dy = s.tmp["z"], s.tmp["sum"], s.tmp["picked"], s.tmp["place"], s.dy
    rows, units = z.shape
    np.add(s.t, row_starts(rows, units), out=place)
    z.take(place, out=picked, mode="clip")
    at_target = np.add.reduce(picked)
    np.exp(z, out=z)
    np.dot(z, ones(units, z.dtype), out=total)
    if dy is not None:
        share = s.tmp["top"]
        np.divide(1 / rows, total, out=share)
        np.multiply(z, share[:, None], out=dy)
        dy.take(place, out=picked, mode="clip")
        np.subtract(picked, 1 / rows, out=picked)
        dy.put(place, picked)
    np.log(total, out=total)
    return float(np.add.reduce(total) - at_target) / rows


def _general(s: LossSlot) -> float:
    """Any q: with Q its row sum, loss = mean(Q log sum exp z - q z) and dy = (Q softmax - q) / rows."""
    z, q, total, row, dy = s.tmp["z"], s.tmp["q"], s.tmp["sum"], s.tmp["top"], s.dy
    rows, units = z.shape
    per_unit = ones(units, z.dtype)
    at_target = np.vdot(q, z)
    np.exp(z, out=z)
    np.dot(z, per_unit, out=total)
    np.dot(q, per_unit, out=row)
    if dy is not None:
        np.divide(z, total[:, None], out=dy)
        np.multiply(dy, row[:, None], out=dy)
        np.subtract(dy, q, out=dy)
        np.multiply(dy, 1 / rows, out=dy)
    np.log(total, out=total)
    return float(np.vdot(row, total)) / rows - float(at_target) / rows
