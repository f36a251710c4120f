"""What all sources of stored arrays share: checks of x and y, classes or numbers, and class names."""

from typing import Any

import numpy as np

from trainlab.core.errors import DataError
from trainlab.core.types import Array, Task
from trainlab.data.dataset import Rows

MOST_CLASSES = 10_000


def check_x(where: str, x: Array) -> Array:
    """x as rows of numbers: bool becomes uint8, one axis becomes one column. Raises DataError for anything else."""
    _numeric(where, x)
    if x.ndim == 0 or not len(x):
        raise DataError(f"{where}: holds no rows; its shape is {x.shape}")
    if 0 in x.shape:
        raise DataError(f"{where}: rows of shape {x.shape[1:]} hold no numbers")
    if x.dtype == np.bool_:
        x = x.astype(np.uint8)
    return x[:, None] if x.ndim == 1 else x


def check_y(where: str, y: Array, rows: int, task: str, names: list[str]) -> tuple[Array, Task]:
    """y and its task. Whole numbers and text are classes, other numbers a regression, unless `task` says otherwise.

    Class names are `names`, the different texts, or the numbers. Raises DataError for labels out of range, text
    where numbers are needed, several columns of classes, and another number of rows than x has.
    """
    if y.ndim == 2 and y.shape[1] == 1 and y.dtype.kind in "iubUS":
        y = y[:, 0]
    if y.dtype.kind in "US":
        return _texts(where, y, rows, task, names)
    _numeric(where, y)
    if len(np.atleast_1d(y)) != rows or y.ndim == 0:
        raise DataError(f"{where}: has the shape {y.shape}, but x has {rows} rows; one target a row is needed")
    if task == "regression" or (task == "auto" and y.dtype.kind == "f" and not names):
        if y.ndim > 2:
            raise DataError(f"{where}: targets of a regression are (rows,) or (rows, columns), not {y.shape}")
        values = y.astype(np.float64).reshape(rows, -1)
        bad = np.argwhere(~np.isfinite(values))
        if len(bad):
            row, column = bad[0].tolist()
            raise DataError(f"{where}: row {row + 1}, column {column + 1} is {values[row, column]}; targets are finite")
        return values, Task("regression", values.shape[1], tuple(f"y{i + 1}" for i in range(values.shape[1])))
    if y.ndim != 1:
        raise DataError(f"{where}: classes are one number a row, not {y.shape}; one-hot rows: store their argmax")
    return _labels(where, y, names)


def same_task(where: str, rows: Rows, task: Task, test: Rows, test_task: Task) -> Rows:
    """The test rows. Raises DataError unless they have the shape and the targets of the other rows."""
    if test.shape != rows.shape:
        raise DataError(f"{where}: test rows have the shape {test.shape}, the other rows {rows.shape}")
    if test_task.kind != task.kind or (task.kind == "regression" and test_task.outputs != task.outputs):
        raise DataError(f"{where}: test targets are a {test_task.kind} of {test_task.outputs}, the others are not")
    if task.kind == "classification" and int(test.y.max()) >= task.outputs:
        raise DataError(f"{where}: label {int(test.y.max())} is not among the {task.outputs} classes of the other rows")
    return test


def _labels(where: str, y: Array, names: list[str]) -> tuple[Array, Task]:
    labels = y.astype(np.int64)
    wrong = np.flatnonzero(labels != y)
    if len(wrong):
        raise DataError(
            f"{where}: row {int(wrong[0]) + 1} is {y[wrong[0]]}; classes are whole numbers, "
            "for other targets set `task: regression`"
        )
    most = len(names) or MOST_CLASSES
    wrong = np.flatnonzero((labels < 0) | (labels >= most))
    if len(wrong):
        row = int(wrong[0])
        allowed = f"0 to {most - 1}, as many as `classes` names" if names else f"0 to {most - 1}"
        raise DataError(f"{where}: row {row + 1} has the label {labels[row]}; allowed are {allowed}")
    count = len(names) or int(labels.max()) + 1
    missing = np.flatnonzero(np.bincount(labels, minlength=count) == 0)
    if not names and len(missing):
        raise DataError(
            f"{where}: no row has the label {missing[0]}, though labels go up to {count - 1}; number the classes from "
            "0 without gaps, or name all of them under `classes`"
        )
    if count < 2:
        raise DataError(f"{where}: holds one class only, 0; there is nothing to learn")
    return labels, Task("classification", count, tuple(names) or tuple(str(c) for c in range(count)))


def _texts(where: str, y: Array, rows: int, task: str, names: list[str]) -> tuple[Array, Task]:
    if task == "regression":
        raise DataError(f"{where}: holds text ({y.dtype}), but a regression needs numbers")
    if y.shape != (rows,):
        raise DataError(f"{where}: has the shape {y.shape}, but x has {rows} rows; one target a row is needed")
    known, codes = np.unique(y.astype(str), return_inverse=True)
    found: list[str] = known.tolist()
    order = names or found
    unknown = [name for name in found if name not in order]
    if unknown:
        raise DataError(f"{where}: class `{unknown[0]}` is not named under `classes`")
    if len(order) < 2:
        raise DataError(f"{where}: holds one class only, `{order[0]}`; there is nothing to learn")
    place = np.array([order.index(name) for name in found], np.int64)
    return place[codes], Task("classification", len(order), tuple(order))


def _numeric(where: str, a: "Array | Any") -> None:
    if a.dtype.kind == "O":
        raise DataError(
            f"{where}: is an array of Python objects, which are refused because reading them runs code; "
            "save it as numbers: array.astype(float)"
        )
    if a.dtype.kind not in "iufb":
        what = {"U": "text", "S": "bytes", "c": "complex numbers", "M": "dates", "V": "records"}
        raise DataError(f"{where}: holds {what.get(a.dtype.kind, a.dtype.name)} ({a.dtype}) where numbers are needed")
