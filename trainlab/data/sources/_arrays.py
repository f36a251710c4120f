"""What all sources of stored arrays share: checks of x and y, classes or numbers, and class names."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trainlab.core.errors import DataError
from trainlab.core.types import Array, Task, TaskName
from trainlab.data.dataset import Rows
from trainlab.data.paths import did_you_mean
from trainlab.data.table import MISSING
from trainlab.data.task_guess import guess_task

MOST_CLASSES = 10_000
CHANNELS = (1, 3, 4)  # of a picture
SMALLEST_PICTURE = 8  # pixels of height and width, from which on other axes are told apart from them

TASK_HELP = (
    "auto: text, one-hot rows and up to 20 different whole numbers are classes, rows with several 0 and 1 are labels "
    "(multilabel), other numbers a regression; ordinal: classes are levels with an order"
)
CLASSES_HELP = "names of the classes, in the order of their numbers, which may start at 0, at 1 or be -1 and 1"
RESHAPE_HELP = "shape that each row of x is given, e.g. [28, 28, 1]; one axis may be -1; empty: as stored"
TRANSPOSE_HELP = "order of the axes of a row (after reshape), counted from 0: [1, 2, 0] puts channels last"


@dataclass(frozen=True, slots=True)
class Targets:
    """How the training rows' targets became y, so that other rows' become y in the same way.

    `labels`: the label of each class in their order, numbers or texts; None for numbers and for several labels.
    `one_hot`: classes are stored as rows with a single 1. `notes`: what was guessed.
    """

    task: Task
    labels: Array | None = None
    one_hot: bool = False
    notes: tuple[str, ...] = ()


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


def found_shape(where: str, x: Array, reshape: list[int], transpose: list[int]) -> tuple[Array, list[str]]:
    """x as pictures (rows, height, width, channels), as far as its shape tells, and a note on what was guessed.

    `reshape` and `transpose` are the user's and leave nothing to guess. Only the shape of a row counts (and whether x
    holds bytes), so that validation and test rows are read alike. Raises DataError.
    """
    if reshape or transpose:
        return shaped(where, x, reshape, transpose), []
    *_, height, width = (0, 0, *x.shape[1:])
    if min(height, width) < SMALLEST_PICTURE:
        return x, []
    if x.ndim == 4 and x.shape[1] in CHANNELS:
        note = (
            f"{where}: rows of shape {x.shape[1:]} are taken as pictures with their channels first, which are put "
            "last; set `data.transpose: [0, 1, 2]` if they are something else"
        )
        return x.transpose(0, 2, 3, 1), [note]
    if x.ndim == 3 and (height == width or x.dtype == np.uint8):
        note = (
            f"{where}: rows of shape {x.shape[1:]} are taken as pictures of one channel; set "
            f"`data.reshape: [{height}, {width}]` if they are something else"
        )
        return x[..., None], [note]
    return x, []


def shaped(where: str, x: Array, reshape: list[int], transpose: list[int]) -> Array:
    """x with its rows in another shape, then with their axes in another order. Raises DataError."""
    if reshape:
        try:
            x = x.reshape(len(x), *reshape)
        except ValueError:
            raise DataError(f"{where}: rows of shape {x.shape[1:]} cannot have the shape {reshape} (reshape)") from None
    if transpose:
        if sorted(transpose) != list(range(x.ndim - 1)):
            raise DataError(f"{where}: transpose must list the axes 0 to {x.ndim - 2} of a row, found {transpose}")
        x = x.transpose(0, *(axis + 1 for axis in transpose))
    return x


def learn_targets(where: str, y: Array, x: Array, task: TaskName, names: list[str]) -> tuple[Array, Targets]:
    """y of the training rows and how it was made. Class names are `names`, or the labels themselves.

    Text, few different whole numbers (of whatever type) and one-hot rows are classes, rows of 0 and 1 several labels,
    other numbers a regression, unless `task` says otherwise. Raises DataError for missing labels, labels that have no
    name, text where numbers are needed, several columns of classes, and another number of rows than x has.
    """
    y = _plain(where, y, len(x))
    if task == "regression":
        return _regression(where, y)
    if task == "ordinal":
        return _levels(where, y, names)
    if task == "multilabel" or (task == "auto" and _is_labels(y) and not _is_one_hot(y)):
        note = f"{where}: rows with several 1 are taken as labels (multilabel); set `data.task: regression` if not"
        return _labels(where, y, names, note if task == "auto" else "")
    if task == "auto" and y.ndim == 2 and _is_one_hot(y):
        note = f"{where}: rows with a single 1 are taken as {y.shape[1]} classes; set `data.task: regression` if not"
        return _one_hot(where, y, names, note)
    if task == "auto" and not names:
        if y.ndim != 1:
            return _regression(where, y)
        values, counts = np.unique(y, return_counts=True)
        numbers = None if y.dtype.kind == "U" else values.astype(np.float64)
        if numbers is not None and not np.isfinite(numbers).all():
            return _regression(where, y)
        guess = guess_task(numbers, counts, pictures=x.ndim > 2, integers=y.dtype.kind in "iu")
        note = guess.note(where)
        return _classes(where, y, [], note) if guess.classes else _regression(where, y, note)
    if y.ndim != 1:
        if _is_one_hot(y):
            return _one_hot(where, y, names, "")
        raise DataError(f"{where}: classes are one number a row, not {y.shape}; one-hot rows: store their argmax")
    return _classes(where, y, names)


def encode_targets(where: str, y: Array, rows: int, targets: Targets) -> Array:
    """y of other rows, as that of the training rows. Raises DataError naming row and label where it does not fit."""
    y = _plain(where, y, rows)
    if targets.task.kind == "multilabel":
        values, found = _labels(where, y, [], "")
        if found.task.outputs != targets.task.outputs:
            raise DataError(f"{where}: has {found.task.outputs} labels, the training rows {targets.task.outputs}")
        return values
    if targets.labels is None:
        values, _ = _regression(where, y)
        if values.shape[1] != targets.task.outputs:
            raise DataError(f"{where}: has {values.shape[1]} targets a row, the training rows {targets.task.outputs}")
        return values
    if targets.one_hot:
        if y.ndim != 2 or y.shape[1] != targets.task.outputs or not _is_one_hot(y):
            raise DataError(f"{where}: the training rows hold {targets.task.outputs} numbers with a single 1 each")
        return y.argmax(axis=1)
    if y.ndim != 1 or (y.dtype.kind == "U") != (targets.labels.dtype.kind == "U"):
        raise DataError(f"{where}: holds {y.dtype} of shape {y.shape}, unlike the labels of the training rows")
    return _coded(where, y, targets.labels)


def checked_weights(where: str, values: Array) -> Array:
    """Weights of the rows as float64. Raises DataError for one that is no number of at least 0."""
    _numeric(where, values)
    weights = values.astype(np.float64)
    wrong = np.flatnonzero(~(weights >= 0) | np.isinf(weights))
    if len(wrong):
        raise DataError(
            f"{where}: row {int(wrong[0]) + 1} is {weights[wrong[0]]:g}; a weight is a finite number of at least 0"
        )
    return weights


def same_shape(where: str, rows: Rows, x: Array, part: str = "test") -> Array:
    """x of other rows. Raises DataError unless it has the shape of the training rows."""
    if tuple(x.shape[1:]) != rows.shape:
        raise DataError(f"{where}: {part} rows have the shape {tuple(x.shape[1:])}, the other rows {rows.shape}")
    return x


def _plain(where: str, y: Array, rows: int) -> Array:
    """y with one row per row of x: text as str, one column as (n,), truth values as numbers."""
    if y.dtype.kind == "S":
        y = _decoded(where, y)
    if y.dtype.kind != "U":
        _numeric(where, y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim == 0 or len(y) != rows:
        raise DataError(f"{where}: has the shape {y.shape}, but x has {rows} rows; one target a row is needed")
    if y.dtype.kind == "U" and y.ndim != 1:
        raise DataError(f"{where}: has the shape {y.shape}; text labels are one a row")
    return y.astype(np.uint8) if y.dtype == np.bool_ else y


def _decoded(where: str, y: Array) -> Array:
    try:
        return np.char.decode(y, "utf-8")
    except UnicodeDecodeError:
        raise DataError(f"{where}: holds bytes that are not UTF-8; save it as text: array.astype(str)") from None


def _is_labels(y: Array) -> bool:
    """Whether each row holds several zeros and ones."""
    return y.ndim == 2 and y.shape[1] > 1 and y.dtype.kind != "U" and bool(((y == 0) | (y == 1)).all())


def _labels(where: str, y: Array, names: list[str], note: str) -> tuple[Array, Targets]:
    """Which labels each row has."""
    if not _is_labels(y):
        raise DataError(
            f"{where}: several labels a row are rows of 0 and 1, one number for each label; found {y.dtype} of shape "
            f"{y.shape}"
        )
    count: int = y.shape[1]
    if names and len(names) != count:
        raise DataError(f"{where}: has {count} labels, but `classes` names {len(names)}")
    task = Task("multilabel", count, tuple(names) or tuple(f"y{i + 1}" for i in range(count)))
    return y.astype(np.float64), Targets(task, notes=(note,) * bool(note))


def _levels(where: str, y: Array, names: list[str]) -> tuple[Array, Targets]:
    """Classes whose labels or names ascend."""
    if y.dtype.kind == "U" and not names:
        raise DataError(f"{where}: holds texts, and nothing says which is higher; name them in order under `classes`")
    if y.ndim != 1:
        raise DataError(f"{where}: levels are one number a row, not {y.shape}")
    codes, targets = _classes(where, y, names)
    return codes, replace(targets, task=replace(targets.task, ordered=True))


def _is_one_hot(y: Array) -> bool:
    """Whether each row holds a single 1 and zeros."""
    return y.ndim == 2 and y.shape[1] > 1 and bool(((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all())


def _one_hot(where: str, y: Array, names: list[str], note: str) -> tuple[Array, Targets]:
    count: int = y.shape[1]
    if names and len(names) != count:
        raise DataError(f"{where}: has {count} classes, but `classes` names {len(names)}")
    found = tuple(names) or tuple(map(str, range(count)))
    labels: Array = np.arange(count)
    return y.argmax(axis=1), Targets(Task("classification", count, found), labels, True, (note,) * bool(note))


def _regression(where: str, y: Array, note: str = "") -> tuple[Array, Targets]:
    if y.dtype.kind == "U":
        raise DataError(f"{where}: holds text ({y.dtype}), but a regression needs numbers")
    if y.ndim > 2:
        raise DataError(f"{where}: targets of a regression are (rows,) or (rows, columns), not {y.shape}")
    values = y.astype(np.float64).reshape(len(y), -1)
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, column = bad[0].tolist()
        raise DataError(f"{where}: row {row + 1}, column {column + 1} is {values[row, column]}; targets are finite")
    count = values.shape[1]
    return values, Targets(
        Task("regression", count, tuple(f"y{i + 1}" for i in range(count))), notes=(note,) * bool(note)
    )


def _classes(where: str, y: Array, names: list[str], note: str = "") -> tuple[Array, Targets]:
    """Class indices, and the labels that they stand for."""
    found = _label_set(where, y)
    labels, order = found, names or [str(label) for label in found.tolist()]
    if y.dtype.kind == "U" and names:
        labels = np.array(names)
    elif names:
        labels = _numbered(where, y, found, len(names))
    if len(order) < 2:
        raise DataError(f"{where}: holds one class only, {_quoted(found[0])}; there is nothing to learn")
    task = Task("classification", len(order), tuple(order))
    return _coded(where, y, labels, named=bool(names)), Targets(task, labels, notes=(note,) * bool(note))


def _label_set(where: str, y: Array) -> Array:
    """The different labels, sorted. Raises DataError for labels that are missing or no whole numbers."""
    if y.dtype.kind == "U":
        found = np.unique(y)
        absent = [label for label in found.tolist() if label.strip().lower() in MISSING]
        if absent:
            row = int(np.flatnonzero(y == absent[0])[0])
            raise DataError(f"{where}: row {row + 1} has no label (`{absent[0]}`); fill it in or remove the row")
        return found
    with np.errstate(invalid="ignore"):
        wrong = np.flatnonzero(~np.isfinite(y.astype(np.float64)) | (y.astype(np.int64) != y))
    if len(wrong):
        raise DataError(
            f"{where}: row {int(wrong[0]) + 1} is {y[wrong[0]]}; classes are whole numbers, "
            "for other targets set `task: regression`"
        )
    found = np.unique(y.astype(np.int64))
    if len(found) > MOST_CLASSES:
        raise DataError(f"{where}: {len(found)} different labels are too many for classes; set `task: regression`")
    return found


def _numbered(where: str, y: Array, found: Array, count: int) -> Array:
    """The labels that `count` names stand for: 0, 1, ... or, where others are found, those in ascending order."""
    if found[0] >= 0 and found[-1] < count:
        return np.arange(count)
    if len(found) == count:
        return found
    row = int(np.flatnonzero((y < 0) | (y >= count))[0])
    raise DataError(
        f"{where}: row {row + 1} has the label {int(y[row])}; allowed are 0 to {count - 1}, as many as `classes` "
        f"names, or {count} different labels (there are {len(found)})"
    )


def _coded(where: str, y: Array, labels: Array, *, named: bool = False) -> Array:
    """The place of each label among `labels`. Raises DataError naming the first that is not there."""
    order = np.argsort(labels, kind="stable")
    place = np.searchsorted(labels[order], y)
    codes = order[np.minimum(place, len(labels) - 1)]
    wrong = np.flatnonzero(labels[codes] != y)
    if not len(wrong):
        return codes.astype(np.int64)
    row, label = int(wrong[0]), str(y[wrong[0]])
    if named:
        raise DataError(f"{where}: class `{label}` is not named under `classes`")
    known = [str(k) for k in labels.tolist()]
    shown = ", ".join(f"`{k}`" for k in known[:10]) + ", ..." * (len(known) > 10)
    hint = did_you_mean(label, known) or f"; known are {shown}"
    raise DataError(f"{where}: row {row + 1} has the label `{label}`, which no training row has{hint}")


def _quoted(label: Any) -> str:
    return f"`{label}`" if isinstance(label, str) else str(label)


def _numeric(where: str, a: "Array | Any") -> None:
    if a.dtype.kind == "O":
        raise DataError(
            f"{where}: is an array of Python objects, which are refused because reading them runs code; "
            "save it as numbers: array.astype(float)"
        )
    if a.dtype.kind not in "iufb":
        what = {"U": "text", "S": "bytes", "c": "complex numbers", "M": "dates", "V": "records"}
        raise DataError(f"{where}: holds {what.get(a.dtype.kind, a.dtype.name)} ({a.dtype}) where numbers are needed")
