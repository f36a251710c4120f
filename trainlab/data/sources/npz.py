"""NPZ: several NumPy arrays in one file."""

from typing import Literal

import numpy as np

from trainlab.core.component import setting
from trainlab.core.errors import DataError
from trainlab.core.types import Array
from trainlab.data.dataset import Loaded, Rows
from trainlab.data.paths import did_you_mean, existing_file
from trainlab.data.source import Source
from trainlab.data.sources._arrays import (
    CLASSES_HELP,
    RESHAPE_HELP,
    TASK_HELP,
    TRANSPOSE_HELP,
    Targets,
    TaskSetting,
    check_x,
    encode_targets,
    learn_targets,
    same_shape,
    shaped,
)
from trainlab.data.sources._npfile import open_npz


class Npz(Source, name="npz"):
    """Arrays of a .npz file: x with a row per example, y with class numbers, class names, one-hot rows, or numbers.

    Where the file also holds `x_test` and `y_test`, these are the test rows; `x_val` and `y_val` likewise. Arrays of
    Python objects are refused.
    """

    path: str = setting("file to read, relative to the folder that trainlab is started in")
    x: str = setting("x", "name of the inputs in the file")
    y: str = setting("y", "name of the targets in the file")
    x_val: str = setting("x_val", "name of the validation inputs, if the file has them")
    y_val: str = setting("y_val", "name of the validation targets, if the file has them")
    x_test: str = setting("x_test", "name of the test inputs, if the file has them")
    y_test: str = setting("y_test", "name of the test targets, if the file has them")
    group: str | None = setting(None, "name of an array (rows,) whose equal rows are never split apart")
    time: str | None = setting(None, "name of an array (rows,) of numbers: the last rows are validation and test")
    task: TaskSetting = setting("auto", TASK_HELP)
    classes: list[str] = setting([], CLASSES_HELP)
    reshape: list[int] = setting([], RESHAPE_HELP)
    transpose: list[int] = setting([], TRANSPOSE_HELP)

    def load(self, rng: np.random.Generator) -> Loaded:
        """All arrays, in memory."""
        wanted = [self.x, self.y, self.x_val, self.y_val, self.x_test, self.y_test]
        arrays, names = open_npz(
            self.path, existing_file(self.path), [*wanted, *(name for name in (self.group, self.time) if name)]
        )
        for setting_name in ("x", "y", "group", "time"):
            self._need(arrays, setting_name, names)
        x = self._x(arrays, self.x)
        y, targets = learn_targets(f"{self.path}: `{self.y}`", arrays[self.y], x, self.task, self.classes)
        rows = Rows(x, y)
        rows = Rows(x, y, (), self._along(arrays, "group", rows), self._along(arrays, "time", rows))
        val, test = (self._part(part, arrays, names, rows, targets) for part in ("val", "test"))
        return Loaded(rows, targets.task, test, notes=targets.notes, val=val)

    def _part(self, part: str, arrays: dict[str, Array], names: list[str], rows: Rows, targets: Targets) -> Rows | None:
        x_name, y_name = getattr(self, f"x_{part}"), getattr(self, f"y_{part}")
        if x_name not in arrays and y_name not in arrays:
            return None
        self._need(arrays, f"x_{part}", names)
        self._need(arrays, f"y_{part}", names)
        x = same_shape(f"{self.path}: `{x_name}`", rows, self._x(arrays, x_name), part)
        return Rows(x, encode_targets(f"{self.path}: `{y_name}`", arrays[y_name], len(x), targets))

    def _x(self, arrays: dict[str, Array], name: str) -> Array:
        where = f"{self.path}: `{name}`"
        return shaped(where, check_x(where, arrays[name]), self.reshape, self.transpose)

    def _along(self, arrays: dict[str, Array], setting_name: Literal["group", "time"], rows: Rows) -> Array | None:
        name = self.group if setting_name == "group" else self.time
        if name is None:
            return None
        if arrays[name].shape != (len(rows),):
            raise DataError(f"{self.path}: `{name}` has the shape {arrays[name].shape}, not ({len(rows)},), one a row")
        return arrays[name]

    def _need(self, arrays: dict[str, Array], setting_name: str, names: list[str]) -> None:
        name: str | None = getattr(self, setting_name)
        if name is not None and name not in arrays:
            near = did_you_mean(name, names) or "; it has " + ", ".join(f"`{key}`" for key in names)
            raise DataError(f"{self.path}: has no array `{name}` (data.{setting_name}){near}")
