"""NPY: one NumPy array a file, read from disk batch by batch."""

import numpy as np

from trainlab.core.component import setting
from trainlab.core.errors import DataError
from trainlab.core.types import Array, TaskName
from trainlab.data.dataset import Loaded, Rows
from trainlab.data.paths import existing_file
from trainlab.data.source import Source
from trainlab.data.sources._arrays import (
    CLASSES_HELP,
    RESHAPE_HELP,
    TASK_HELP,
    TRANSPOSE_HELP,
    Targets,
    check_x,
    encode_targets,
    found_shape,
    learn_targets,
    same_shape,
)
from trainlab.data.sources._npfile import open_npy


class Npy(Source, name="npy"):
    """x in one .npy file and y in another. x stays on disk and only the rows of a batch are read, so that it may be
    larger than memory; preprocessors are fitted piece by piece and applied to each batch as it is read.

    A .npz file with a single array, such as Kuzushiji-MNIST's, may stand in place of any of them and is read whole.
    Arrays of Python objects are refused. `faults` read everything into memory.
    """

    x: str = setting("file of the inputs, a row per example")
    y: str = setting("file of the targets: class numbers, class names, one-hot rows, or numbers")
    x_val: str | None = setting(None, "file of the validation inputs, instead of a share of the rows")
    y_val: str | None = setting(None, "file of the validation targets")
    x_test: str | None = setting(None, "file of the test inputs")
    y_test: str | None = setting(None, "file of the test targets")
    task: TaskName = setting("auto", TASK_HELP)
    classes: list[str] = setting([], CLASSES_HELP)
    reshape: list[int] = setting([], RESHAPE_HELP)
    transpose: list[int] = setting([], TRANSPOSE_HELP)

    def load(self, rng: np.random.Generator) -> Loaded:
        """x memory-mapped, y in memory."""
        x, notes = self._x(self.x)
        y, targets = learn_targets(self.y, self._y(self.y), x, self.task, self.classes)
        rows = Rows(x, y)
        val, test = (self._part(part, rows, targets) for part in ("val", "test"))
        return Loaded(rows, targets.task, test, notes=(*notes, *targets.notes), val=val)

    def _part(self, part: str, rows: Rows, targets: Targets) -> Rows | None:
        x_path, y_path = getattr(self, f"x_{part}"), getattr(self, f"y_{part}")
        if x_path is None and y_path is None:
            return None
        if x_path is None or y_path is None:
            raise DataError(f"data: `x_{part}` and `y_{part}` go together; give both or neither")
        x = same_shape(x_path, rows, self._x(x_path)[0], part)
        return Rows(x, encode_targets(y_path, self._y(y_path), len(x), targets))

    def _x(self, path: str) -> tuple[Array, list[str]]:
        return found_shape(path, check_x(path, open_npy(path, existing_file(path))), self.reshape, self.transpose)

    def _y(self, path: str) -> Array:
        return np.array(open_npy(path, existing_file(path)))
