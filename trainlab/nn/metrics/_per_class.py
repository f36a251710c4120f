"""The base of metrics that are computed for each class against the rest, and then averaged."""

from abc import abstractmethod
from typing import ClassVar, Literal

import numpy as np

from trainlab.core.component import setting
from trainlab.core.errors import UserError
from trainlab.core.problem import listed, nearest
from trainlab.core.types import Array, Task
from trainlab.nn.metric import Metric, MetricInput, as_column


class PerClass(Metric):
    """A metric of one class against the rest. Its value is the mean over the classes, or that of the class `class`.

    Where rows have several labels, it is that of a label against its absence, and the mean over the labels.
    """

    tasks: ClassVar[tuple[str, ...]] = ("classification", "multilabel")
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)

    average: Literal["macro", "weighted", "micro"] = setting(
        "macro",
        "macro: each class counts alike; weighted: by its rows; micro: all decisions for or against a class together",
    )
    class_: str | int | None = setting(None, "the name of a class: its value alone, without an average", alias="class")

    @property
    def column(self) -> str:
        """`f1`, `f1_weighted`, `f1_yes`."""
        if self.class_ is not None:
            return f"{self.name}_{as_column(self.class_)}"
        return self.name if self.average == "macro" else f"{self.name}_{self.average}"

    def check(self, task: Task) -> None:
        """The class must exist."""
        class_index(self.class_, task)

    def compute(self, rows: MetricInput) -> float:
        """The average of `each` over the classes, or its value for the chosen class."""
        truth, given, w = members(rows.t, rows.task), self.given(rows), rows.w
        index = class_index(self.class_, rows.task)
        if index is not None:
            truth, given = truth[:, [index]], given[:, [index]]
        elif self.average == "micro":
            w = np.repeat(w, truth.shape[1])
            truth, given = truth.reshape(-1, 1), given.reshape(-1, 1)
        else:
            every = np.ones(truth.shape[1], bool)
            counted = every if rows.task.kind == "multilabel" else self.counted(truth, given)
            truth, given = truth[:, counted], given[:, counted]
        values = np.array([self.each(truth[:, i], given[:, i], w) for i in range(truth.shape[1])])
        if index is None and self.average == "weighted":
            support = (truth * w[:, None]).sum(axis=0)
            return float((values * support).sum() / support.sum())
        return float(values.mean()) if len(values) else float("nan")

    @abstractmethod
    def given(self, rows: MetricInput) -> Array:
        """The predictions (n, classes): whether each class is predicted, or its score."""

    @abstractmethod
    def counted(self, truth: Array, given: Array) -> Array:
        """Which classes the average is over (classes,): bool."""

    @abstractmethod
    def each(self, truth: Array, given: Array, w: Array) -> float:
        """The metric of one class: truth (n,) says which rows are of it."""


class Decided(PerClass):
    """A metric of the predicted classes, from the true and false positives and the false negatives of each class."""

    def given(self, rows: MetricInput) -> Array:
        """Whether each class is predicted."""
        return members(rows.y, rows.task)

    def counted(self, truth: Array, given: Array) -> Array:
        """The classes that occur among the right or the predicted answers, as scikit-learn averages."""
        return np.any(truth | given, axis=0, keepdims=True)[0]

    def each(self, truth: Array, given: Array, w: Array) -> float:
        """0 where the formula divides zero by zero: no row of the class, or none predicted."""
        true, false, missed = (float((hit * w).sum()) for hit in (truth & given, ~truth & given, truth & ~given))
        above, below = self.share(true, false, missed)
        return above / below if below else 0.0

    @abstractmethod
    def share(self, true: float, false: float, missed: float) -> tuple[float, float]:
        """Numerator and denominator, from the weights of the true positives, false positives and false negatives."""


class Ranked(PerClass):
    """A metric of the order that the scores of a class put the rows in."""

    def given(self, rows: MetricInput) -> Array:
        """The scores."""
        if rows.scores is None:
            raise ValueError(f"{self.name} needs a score for each class")
        return np.asarray(rows.scores, np.float64)

    def counted(self, truth: Array, given: Array) -> Array:
        """The classes of which there are rows."""
        return np.any(truth, axis=0, keepdims=True)[0]


def members(classes: Array, task: Task) -> Array:
    """Which class each row is of, or which labels it has: (n, classes), bool, from class indices (n,) or 0 and 1."""
    if task.kind == "multilabel":
        return classes > 0.5
    return classes.astype(np.int64)[:, None] == np.arange(task.outputs)


def class_index(name: str | int | None, task: Task) -> int | None:
    """The index of the class of this name, None for None. Raises UserError if there is none."""
    if name is None:
        return None
    names = task.names or tuple(map(str, range(task.outputs)))
    if str(name) in names:
        return names.index(str(name))
    near = nearest(str(name), names)
    hint = f"did you mean `{near}`?" if near else f"there are {listed([f'`{n}`' for n in names[:10]], 'and')}"
    raise UserError(f"no class is called `{name}`; {hint}")
