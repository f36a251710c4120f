"""What all sources share that read arrays by their names from one file: inputs, targets, validation and test rows.

A new format is one class in one file of this folder; its `read_arrays` reads a file.
"""

from abc import abstractmethod
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np

from trainlab.core.component import setting
from trainlab.core.errors import DataError
from trainlab.core.types import Array, TaskName
from trainlab.data.dataset import Loaded, Rows
from trainlab.data.matlab_file import rows_first
from trainlab.data.paths import did_you_mean
from trainlab.data.source import Source
from trainlab.data.sources._arrays import (
    CLASSES_HELP,
    RESHAPE_HELP,
    TASK_HELP,
    TRANSPOSE_HELP,
    Targets,
    check_x,
    checked_weights,
    encode_targets,
    found_shape,
    learn_targets,
    same_shape,
)

WEIGHTS = "sample_weight"  # the name under which weights are found that nobody asked for
_MOST_LISTED = 20

Part = Literal["train", "val", "test"]


@dataclass(slots=True)
class Stored:
    """The wanted arrays of a file, and all names that it has, each with its shape or nothing.

    `rows_may_be_last`: MATLAB's programs wrote it, which often count the rows along the last axis.
    """

    path: str
    arrays: dict[str, Array]
    names: dict[str, str]
    rows_may_be_last: bool = False
    notes: list[str] = field(default_factory=list[str])


class NamedArrays(Source):
    """Arrays of a file, found by their names."""

    first: ClassVar[str] = "path"

    path: str = setting("file to read, relative to the folder that trainlab is started in")
    x: str = setting("x", "name of the inputs in the file")
    y: str = setting("y", "name of the targets in the file")
    x_val: str = setting("x_val", "name of the validation inputs, if the file has them")
    y_val: str = setting("y_val", "name of the validation targets, if the file has them")
    x_test: str = setting("x_test", "name of the test inputs, if the file has them")
    y_test: str = setting("y_test", "name of the test targets, if the file has them")
    val_path: str | None = setting(None, "file of the validation rows, which are named `x` and `y` there, too")
    test_path: str | None = setting(None, "file of the test rows, which are named `x` and `y` there, too")
    group: str | None = setting(None, "name of an array (rows,) whose equal rows are never split apart")
    time: str | None = setting(None, "name of an array (rows,) of numbers: the last rows are validation and test")
    weight: str = setting(
        WEIGHTS,
        "name of an array (rows,) of numbers of at least 0, if the file has one: how much each row counts in the loss; "
        "with `_val` at its end that of the validation rows",
    )
    task: TaskName = setting("auto", TASK_HELP)
    classes: list[str] = setting([], CLASSES_HELP)
    reshape: list[int] = setting([], RESHAPE_HELP)
    transpose: list[int] = setting([], TRANSPOSE_HELP)

    @abstractmethod
    def read_arrays(self, path: str, wanted: Collection[str]) -> Stored:
        """The wanted arrays of this file, as far as it has them. Raises DataError."""

    def load(self, rng: np.random.Generator) -> Loaded:
        """All arrays. What a file keeps in one piece without compression may stay on disk."""
        wanted = {self.x, self.y, self.x_val, self.y_val, self.x_test, self.y_test}
        wanted |= {self.weight, f"{self.weight}_val"}
        stored = self.read_arrays(self.path, wanted | {name for name in (self.group, self.time) if name is not None})
        x, y = self._pair(stored, "train")
        y, targets = learn_targets(f"{self.path}: `{self.y}`", y, x, self.task, self.classes)
        group, time = self._along(stored, self.group, "group", len(x)), self._along(stored, self.time, "time", len(x))
        asked = self.weight in stored.names or self.weight != WEIGHTS
        rows = Rows(x, y, (), group, time, weights=self._weights(stored, self.weight if asked else None, len(x)))
        if asked and self.weight == WEIGHTS:
            stored.notes.append(
                f"{self.path}: the array `{WEIGHTS}` says how much each row counts in the loss; to count all alike, "
                "give it another name in the file"
            )
        val, test = (self._part(stored, part, rows, targets) for part in ("val", "test"))
        return Loaded(rows, targets.task, test, notes=(*stored.notes, *targets.notes), val=val)

    def _part(self, stored: Stored, part: Literal["val", "test"], rows: Rows, targets: Targets) -> Rows | None:
        """The validation or test rows: from a file of their own, or from the same file if it has them."""
        path = self.val_path if part == "val" else self.test_path
        if path is not None:
            stored = self.read_arrays(path, {self.x, self.y, self.weight})
        elif not {name for _, name in self._names(part)} & set(stored.names):
            return None
        names = self._names("train" if path is not None else part)
        x, y = self._pair(stored, "train" if path is not None else part)
        x = same_shape(f"{stored.path}: `{names[0][1]}`", rows, x, part)
        y = encode_targets(f"{stored.path}: `{names[1][1]}`", y, len(x), targets)
        weight = self.weight if path is not None else f"{self.weight}_{part}"
        known = rows.weights is not None and part == "val" and weight in stored.names
        return Rows(x, y, weights=self._weights(stored, weight if known else None, len(x)))

    def _names(self, part: Part) -> list[tuple[str, str]]:
        """The settings of a part's x and y, and the names that they hold."""
        settings = ("x", "y") if part == "train" else (f"x_{part}", f"y_{part}")
        return [(name, str(getattr(self, name))) for name in settings]

    def _pair(self, stored: Stored, part: Part) -> tuple[Array, Array]:
        """x and y of a part, rows first."""
        (x_setting, x_name), (y_setting, y_name) = self._names(part)
        x, y = self._need(stored, x_setting, x_name), self._need(stored, y_setting, y_name)
        if stored.rows_may_be_last:
            x, y, note = rows_first(x_name, x, y)
            stored.notes += [f"{stored.path}: {note}"] * bool(note)
        where = f"{stored.path}: `{x_name}`"
        x, notes = found_shape(where, check_x(where, x), self.reshape, self.transpose)
        stored.notes += notes if part == "train" else []
        return x, y

    def _weights(self, stored: Stored, name: str | None, rows: int) -> Array | None:
        values = self._along(stored, name, "weight", rows)
        return None if values is None else checked_weights(f"{stored.path}: `{name}`", values)

    def _along(self, stored: Stored, name: str | None, setting_name: str, rows: int) -> Array | None:
        if name is None:
            return None
        values = self._need(stored, setting_name, name)
        if stored.rows_may_be_last and values.ndim == 2 and 1 in values.shape:
            values = values.reshape(-1)
        if values.shape != (rows,):
            raise DataError(f"{stored.path}: `{name}` has the shape {values.shape}, not ({rows},), one a row")
        return values

    def _need(self, stored: Stored, setting_name: str, name: str) -> Array:
        if name in stored.arrays:
            return stored.arrays[name]
        names = list(stored.names)
        shown = ", ".join(f"`{key}` {stored.names[key]}".rstrip() for key in names[:_MOST_LISTED])
        listed = f"; it has {shown}{', ...' * (len(names) > _MOST_LISTED)}" if names else "; it is empty"
        near = did_you_mean(name, names) or listed
        raise DataError(f"{stored.path}: has no array `{name}` (data.{setting_name}){near}")
