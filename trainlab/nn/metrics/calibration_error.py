"""Calibration error: how far the predicted probabilities are from the observed frequencies."""

from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array, Count, Task
from trainlab.nn.metric import Metric, MetricInput, as_column
from trainlab.nn.metrics._per_class import class_index, members


class CalibrationError(Metric, name="calibration_error"):
    """Of the rows predicted with about 80 % certainty, 80 % should be right; this is the mean distance from that.

    The expected calibration error (ECE): rows are put into bins of equal width by the probability of the predicted
    class; the distance of accuracy and mean probability of each bin is averaged, weighted by its rows. From 0 (perfect)
    to 1. With `class` it is the probability of this class against how often the row is of it.

    Source: Guo et al. 2017, arXiv:1706.04599, equation 3, with 15 bins.
    """

    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    higher_is_better: ClassVar[bool] = False
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    probabilistic: ClassVar[bool] = True

    bins: Count = setting(15, "number of bins between 0 and 1")
    class_: str | int | None = setting(
        None, "the name of a class: its probability instead of the predicted class's", alias="class"
    )

    @property
    def column(self) -> str:
        """`calibration_error`, `calibration_error_yes`."""
        return self.name if self.class_ is None else f"{self.name}_{as_column(self.class_)}"

    def check(self, task: Task) -> None:
        """The class must exist."""
        class_index(self.class_, task)

    def compute(self, rows: MetricInput) -> float:
        """sum over bins of |weight of the right rows - sum of probabilities| / weight of all rows."""
        p, w = np.asarray(rows.probabilities, np.float64), rows.w
        index = class_index(self.class_, rows.task)
        if index is None:
            sure, right = p.max(axis=1), rows.y == rows.t
        else:
            sure, right = p[:, index], members(rows.t, rows.task)[:, index]
        bins = binned(sure, self.bins)
        off = np.bincount(bins, w * right, self.bins) - np.bincount(bins, w * sure, self.bins)
        return float(np.abs(off).sum() / w.sum())


def binned(probability: Array, bins: int) -> Array:
    """The bin of each probability, (lower, upper] of equal width; 0 is in the first.

    >>> binned(np.array([0.0, 0.5, 0.51, 1.0]), 2).tolist()
    [0, 0, 1, 1]
    """
    edges = np.linspace(0.0, 1.0, bins + 1)
    return np.clip(np.searchsorted(edges, probability, side="left") - 1, 0, bins - 1)
