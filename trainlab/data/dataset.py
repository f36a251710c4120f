"""Rows as they come from a source, and the three parts that an experiment works on."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from trainlab.core.types import Array, Shape, Task
from trainlab.data.apart import movable, put_apart
from trainlab.data.lazy import LazyRows, take_rows

IMBALANCED = 4.0
"""From here on classes count as imbalanced: training rows of the largest class for each row of the smallest.

With two classes the rare one has at most a fifth of the rows, and a network that never predicts it is right in four of
five. Google's course on imbalanced data calls 20 to 40 % a mild imbalance and less a moderate one.
"""


@dataclass(frozen=True, slots=True)
class Rows:
    """x (n, *shape) and y: class indices (n,) int64, or numbers (n, k) float64.

    x keeps the source's own type (uint8 images stay uint8; a memory-mapped file stays on disk, as `LazyRows`).
    Batches are read with `trainlab.data.lazy.gather(x, index, out)`.
    `features`: a name per column of x, for messages and `predict` (empty for images).
    `groups` (n,): rows of one group are never split apart. `time` (n,): later rows go to validation and test.
    `lines` (n,): line of each row in its file, or its number in its source, counted from 1; for messages.
    `weights` (n,): how much each row counts in the loss, at least 0; None: all the same.
    """

    x: Array | LazyRows
    y: Array
    features: tuple[str, ...] = ()
    groups: Array | None = None
    time: Array | None = None
    lines: Array | None = None
    weights: Array | None = None

    def __len__(self) -> int:
        return len(self.x)

    @property
    def shape(self) -> Shape:
        """Shape of one row of x."""
        return tuple(self.x.shape[1:])

    def take(self, index: Array) -> "Rows":
        """The rows of this index (rows that are stored on disk stay there)."""
        return self._picked(take_rows(self.x, index), index)

    def part(self, *parts: Array) -> "list[Rows]":
        """The rows of each index; the indices share no row. If possible, the rows stay in the memory of x, which is
        sorted into their order: no other code may use x afterwards.
        """
        if isinstance(self.x, LazyRows) or not movable(self.x) or (np.diff(parts[0]) <= 0).any():
            return [self.take(index) for index in parts]
        return [self._picked(x, index) for x, index in zip(put_apart(self.x, parts), parts, strict=True)]

    def _picked(self, x: Array | LazyRows, index: Array) -> "Rows":
        def pick(a: Array | None) -> Array | None:
            return None if a is None else a[index]

        along = {name: pick(getattr(self, name)) for name in ("groups", "time", "lines", "weights")}
        return replace(self, x=x, y=self.y[index], **along)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a source reads: all rows, their task, and the validation and test rows where the source has its own."""

    rows: Rows
    task: Task
    test: Rows | None = None
    encoding: dict[str, Any] = field(default_factory=dict[str, Any])
    """Plain JSON: how raw columns became x (column names, categories), for `predict` on new files."""
    notes: tuple[str, ...] = ()
    """What was guessed or left out, and which setting changes it: a sentence each, for the user."""
    val: Rows | None = None
    """The validation rows, where the source has its own."""


@dataclass(frozen=True, slots=True)
class Splits:
    """Train, validation and test, preprocessed; `fitted` holds each preprocessor's arrays for the checkpoint.

    `sorted`: the training rows are to be gone through in their order, never shuffled (the fault `sort`).
    """

    train: Rows
    val: Rows | None
    test: Rows | None
    task: Task
    shape: Shape
    fitted: dict[str, Array] = field(default_factory=dict[str, Array])
    encoding: dict[str, Any] = field(default_factory=dict[str, Any])
    raw_train: Array | LazyRows = field(default_factory=lambda: np.empty(0))
    """x of the training rows before preprocessing (a view or the same array where it can be), for data checks."""
    raw_y: Array = field(default_factory=lambda: np.empty(0))
    """y of the training rows before `scale_target`, for data checks."""
    sorted: bool = False
    fingerprint: str = ""
    """Of everything that the source gave, before split, faults and preprocessing."""
    raw: dict[str, Array | LazyRows] = field(default_factory=dict[str, Array | LazyRows])
    """x of the `val` and `test` rows before preprocessing, for showing rows as people know them."""
    notes: tuple[str, ...] = ()
    """What was guessed or left out when the rows were read, as in `Loaded`."""
    inputs: tuple[str, ...] = ()
    """Names of the columns of x after preprocessing, where x is a table with names."""

    def class_counts(self) -> Array:
        """Training rows per class (classification)."""
        return np.bincount(self.train.y, minlength=self.task.outputs)

    @property
    def imbalance(self) -> float:
        """Training rows of the largest class for each row of the smallest; 1 for a regression."""
        return imbalance(self.class_counts()) if self.task.kind == "classification" else 1.0

    @property
    def majority(self) -> float:
        """The share of the training rows that the commonest class has; 0 for a regression."""
        return majority(self.train.y, self.task)


def imbalance(counts: Array) -> float:
    """The rows of the largest class for each row of the smallest that has any, from the rows of each class.

    >>> imbalance(np.array([83, 0, 17])) > IMBALANCED
    True
    """
    there = counts[counts > 0]
    return float(there.max() / there.min()) if len(there) else 1.0


def majority(y: Array, task: Task) -> float:
    """The score of always predicting the most frequent class of the targets, or the more frequent answer for each
    label; 0 for a regression.
    """
    if task.kind == "regression" or not len(y):
        return 0.0
    if task.kind == "multilabel":
        ones = y.mean(axis=0)
        return float(np.maximum(ones, 1 - ones).mean())
    counts = np.bincount(y, minlength=task.outputs)
    return float(counts.max() / max(1, counts.sum()))
