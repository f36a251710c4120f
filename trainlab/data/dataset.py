"""Rows as they come from a source, and the three parts that an experiment works on."""

from dataclasses import dataclass, field

import numpy as np

from trainlab.core.types import Array, Shape, Task


@dataclass(frozen=True, slots=True)
class Rows:
    """x (n, *shape) and y: class indices (n,) int64, or numbers (n, k) float64.

    x keeps the source's own type (uint8 images stay uint8, a memory-mapped file stays on disk).
    `features`: a name per column of x, for messages and `predict` (empty for images).
    `groups` (n,): rows of one group are never split apart. `time` (n,): later rows go to validation and test.
    `lines` (n,): line of each row in its file, for messages.
    """

    x: Array
    y: Array
    features: tuple[str, ...] = ()
    groups: Array | None = None
    time: Array | None = None
    lines: Array | None = None

    def __len__(self) -> int:
        return len(self.x)

    def take(self, index: Array) -> "Rows":
        """The rows of this index (a memory-mapped x becomes an array)."""

        def pick(a: Array | None) -> Array | None:
            return None if a is None else a[index]

        return Rows(self.x[index], self.y[index], self.features, pick(self.groups), pick(self.time), pick(self.lines))


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a source reads: all rows, what they are for, and, where the source has its own, the test rows."""

    rows: Rows
    task: Task
    test: Rows | None = None
    encoding: dict[str, object] = field(default_factory=dict[str, object])
    """Plain JSON: how raw columns became x (column names, categories), for `predict` on new files."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Train, validation and test, preprocessed; `fitted` holds each preprocessor's arrays for the checkpoint."""

    train: Rows
    val: Rows | None
    test: Rows | None
    task: Task
    shape: Shape
    fitted: dict[str, Array] = field(default_factory=dict[str, Array])
    encoding: dict[str, object] = field(default_factory=dict[str, object])
    raw_train: Array = field(default_factory=lambda: np.empty(0))
    """x of the training rows before preprocessing (a view or the same array where it can be), for data checks."""
