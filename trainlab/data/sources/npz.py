"""NPZ: several NumPy arrays in one file."""

from typing import Literal

import numpy as np

from trainlab.core.component import setting
from trainlab.core.errors import DataError
from trainlab.core.types import Array, Task
from trainlab.data.dataset import Loaded, Rows
from trainlab.data.paths import did_you_mean, existing_file
from trainlab.data.source import Source
from trainlab.data.sources._arrays import check_x, check_y, same_task
from trainlab.data.sources._npfile import open_npz


class Npz(Source, name="npz"):
    """Arrays of a .npz file: x with a row per example, y with class numbers from 0, class names, or numbers.

    Where the file also holds `x_test` and `y_test`, these are the test rows. Arrays of Python objects are refused.
    """

    path: str = setting("file to read, relative to the folder that trainlab is started in")
    x: str = setting("x", "name of the inputs in the file")
    y: str = setting("y", "name of the targets in the file")
    x_test: str = setting("x_test", "name of the test inputs, if the file has them")
    y_test: str = setting("y_test", "name of the test targets, if the file has them")
    group: str | None = setting(None, "name of an array (rows,) whose equal rows are never split apart")
    time: str | None = setting(None, "name of an array (rows,) of numbers: the last rows are validation and test")
    task: Literal["auto", "classification", "regression"] = setting(
        "auto", "auto: whole numbers and text are classes, other numbers a regression"
    )
    classes: list[str] = setting([], "names of the classes, in the order of their numbers")

    def load(self, rng: np.random.Generator) -> Loaded:
        """All arrays, in memory."""
        wanted = [self.x, self.y, self.x_test, self.y_test, *(name for name in (self.group, self.time) if name)]
        arrays, names = open_npz(self.path, existing_file(self.path), wanted)
        for setting_name in ("x", "y", "group", "time"):
            self._need(arrays, setting_name, names)
        rows, task = self._rows(arrays, self.x, self.y)
        rows = Rows(rows.x, rows.y, (), self._along(arrays, "group", rows), self._along(arrays, "time", rows))
        test = None
        if self.x_test in arrays or self.y_test in arrays:
            self._need(arrays, "x_test", names)
            self._need(arrays, "y_test", names)
            test = same_task(self.path, rows, task, *self._rows(arrays, self.x_test, self.y_test))
        return Loaded(rows, task, test)

    def _rows(self, arrays: dict[str, Array], x_name: str, y_name: str) -> tuple[Rows, Task]:
        x = check_x(f"{self.path}: `{x_name}`", arrays[x_name])
        y, task = check_y(f"{self.path}: `{y_name}`", arrays[y_name], len(x), self.task, self.classes)
        return Rows(x, y), task

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
