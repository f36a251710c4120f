"""A metric says how good predictions are: one number for some rows. Unlike a loss it needs no gradient.

To add one, write one class in one file of `trainlab/nn/metrics`.
"""

import re
from abc import abstractmethod
from dataclasses import dataclass
from math import inf, nan
from typing import ClassVar

import numpy as np

from trainlab.core.component import Component
from trainlab.core.types import Array, Task


@dataclass(frozen=True, slots=True)
class MetricInput:
    """The predictions for some rows, and the right answers.

    t: the right answers, class indices (n,), 0 or 1 for each label (n, labels) or numbers (n, targets) · y: the
    predicted ones, alike · scores (n, classes): for each class or label a number that is larger the more likely it is;
    None for numbers · probabilities (n, classes): None if the loss defines none · weights (n,): of the rows; None for
    equal ones.
    """

    task: Task
    t: Array
    y: Array
    scores: Array | None = None
    probabilities: Array | None = None
    weights: Array | None = None

    @property
    def w(self) -> Array:
        """The weights of the rows (float64), ones without any."""
        return np.ones(len(self.t)) if self.weights is None else np.asarray(self.weights, np.float64)

    @property
    def finite(self) -> bool:
        """Whether all predictions are numbers: neither nan nor infinite."""
        return all(bool(np.isfinite(a).all()) for a in (self.y, self.scores, self.probabilities) if a is not None)


class Metric(Component, kind="metric", rooms=("trainlab.nn.metrics",)):
    """A number that says how good the predictions for some rows are."""

    tasks: ClassVar[tuple[str, ...]] = ()  # the kinds of tasks that it can judge; "ordinal": classes with an order
    higher_is_better: ClassVar[bool] = True
    range: ClassVar[tuple[float, float]] = (-inf, inf)  # the lowest and the highest value
    probabilistic: ClassVar[bool] = False  # it needs probabilities, which `hinge` does not define

    @property
    def column(self) -> str:
        """The name of its columns, without `val_` or `test_`: the metric's name and the setting that tells it apart.

        >>> from trainlab.core.component import make
        >>> make(Metric, "top_k", k=3).column, make(Metric, "f1", **{"class": "yes"}).column
        ('top_3', 'f1_yes')
        """
        return self.name

    @classmethod
    def suits(cls, task: Task) -> bool:
        """Whether it can judge such a task."""
        return task.kind in cls.tasks or (task.ordered and "ordinal" in cls.tasks)

    def check(self, task: Task) -> None:
        """Raises UserError if a setting does not fit the task: a class that does not exist."""

    def value(self, rows: MetricInput) -> float:
        """The metric of the rows; nan if there are none, if a prediction is not finite, or if it is not defined."""
        if not len(rows.t) or not rows.finite:
            return nan
        with np.errstate(all="ignore"):
            return float(self.compute(rows))

    @abstractmethod
    def compute(self, rows: MetricInput) -> float:
        """The metric of at least one row with finite predictions."""


def as_column(text: object) -> str:
    """A text as part of a column's name: letters, digits, dots and dashes stay, other characters become `_`.

    >>> as_column("New York"), as_column(0.9)
    ('New_York', '0.9')
    """
    return re.sub(r"[^\w.-]+", "_", str(text)).strip("_")
