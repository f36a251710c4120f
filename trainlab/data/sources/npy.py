"""NPY: one NumPy array a file, read from disk batch by batch."""

from typing import Literal

import numpy as np

from trainlab.core.component import setting
from trainlab.core.errors import DataError
from trainlab.core.types import Array, Task
from trainlab.data.dataset import Loaded, Rows
from trainlab.data.paths import existing_file
from trainlab.data.source import Source
from trainlab.data.sources._arrays import check_x, check_y, same_task
from trainlab.data.sources._npfile import open_npy


class Npy(Source, name="npy"):
    """x in one .npy file and y in another. x stays on disk and only the rows of a batch are read, so that it may be
    larger than memory; preprocessors are fitted piece by piece and applied to each batch as it is read.

    Arrays of Python objects are refused. `faults` read everything into memory.
    """

    x: str = setting("file of the inputs, a row per example")
    y: str = setting("file of the targets: class numbers from 0, class names, or numbers")
    x_test: str | None = setting(None, "file of the test inputs")
    y_test: str | None = setting(None, "file of the test targets")
    task: Literal["auto", "classification", "regression"] = setting(
        "auto", "auto: whole numbers and text are classes, other numbers a regression"
    )
    classes: list[str] = setting([], "names of the classes, in the order of their numbers")

    def load(self, rng: np.random.Generator) -> Loaded:
        """x memory-mapped, y in memory."""
        rows, task = self._rows(self.x, self.y)
        test = None
        if self.x_test is not None and self.y_test is not None:
            test = same_task(self.x_test, rows, task, *self._rows(self.x_test, self.y_test))
        elif self.x_test is not None or self.y_test is not None:
            raise DataError("data: `x_test` and `y_test` go together; give both or neither")
        return Loaded(rows, task, test)

    def _rows(self, x_path: str, y_path: str) -> tuple[Rows, Task]:
        x = check_x(x_path, open_npy(x_path, existing_file(x_path)))
        stored: Array = open_npy(y_path, existing_file(y_path))
        y, task = check_y(y_path, np.array(stored), len(x), self.task, self.classes)
        return Rows(x, y), task
