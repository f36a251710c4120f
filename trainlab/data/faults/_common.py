"""What faults share: replacing one thing in rows, and saying that a fault does not fit the task."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from trainlab.core.errors import DataError
from trainlab.core.types import Array, TaskKind
from trainlab.data.dataset import Rows
from trainlab.data.fault import Split


def with_x(rows: Rows, x: Array) -> Rows:
    """The rows with another x."""
    return replace(rows, x=x)


def with_y(rows: Rows, y: Array) -> Rows:
    """The rows with another y."""
    return replace(rows, y=y)


def with_train(split: Split, train: Rows) -> Split:
    """The parts with other training rows."""
    return Split(train, split.val, split.test, split.task, split.sorted, split.skip)


def everywhere(split: Split, change: Callable[[Rows], Rows]) -> Split:
    """The parts, each changed alike."""
    train, val, test = (rows and change(rows) for rows in (split.train, split.val, split.test))
    return Split(train or split.train, val, test, split.task, split.sorted, split.skip)


def floats(rows: Rows) -> Array:
    """A copy of x as floats, to be damaged."""
    x = np.asarray(rows.x)
    return x.astype(x.dtype if np.issubdtype(x.dtype, np.floating) else np.float64)


def need(fault: str, split: Split, kind: TaskKind) -> None:
    """Raises DataError unless the task is of this kind."""
    if split.task.kind != kind:
        raise DataError(f"data.faults: `{fault}` needs a {kind}; this is a {split.task.kind}")
