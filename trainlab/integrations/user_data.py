"""Training and validation rows that a user passes to `watch`, for the monitors of data.

Arrays, tensors and tensor data sets are taken as they are; of anything else with `len` and `[i]` some rows are read,
evenly spaced, and the random state is restored, so that random augmentation is not disturbed.
"""

import random
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from trainlab.core.errors import UserError
from trainlab.core.types import Array, Task
from trainlab.data.dataset import Rows, Splits
from trainlab.diagnose.data_view import DataView

_READ = 2000  # rows that are read one by one, or 20 of each class where that is more
_OF_CLASS = 20
_TWICE = 8  # rows that are read twice
_ALLOWED = "a pair (x, y) of arrays or tensors, a DataLoader, or a data set with a length whose items are such pairs"


@dataclass(frozen=True, slots=True)
class UserData:
    """Training rows, and validation rows if there are some.

    rows, val_rows: how many there are (not: were read) · steps_per_epoch: 0 if unknown · shuffled: whether the
    loop mixes them; True if unknown · val_changes: a validation row differs from one reading to the next.
    """

    train: Rows
    val: Rows | None
    rows: int
    val_rows: int
    steps_per_epoch: int
    shuffled: bool
    task: str
    val_changes: bool = False

    def view(self, classes: int) -> DataView | None:
        """The data as monitors see them; None if labels and classes do not fit: the loop itself will fail on that."""
        kind = "regression" if self.task == "regression" else "classification"
        parts = [part for part in (self.train, self.val) if part is not None]
        if kind == "classification":
            top = max(int(part.y.max(initial=0)) for part in parts)
            least = min(int(part.y.min(initial=0)) for part in parts)
            if least < 0:
                return None
            task = Task(kind, max(classes, top + 1))
        else:
            task = Task(kind, self.train.y.shape[1])
        made = Splits(self.train, self.val, None, task, self.train.shape, raw_train=self.train.x)
        return DataView(made, self.train.y, self.shuffled, self.val_changes)

    @property
    def variance(self) -> float:
        """Of the targets, averaged over their columns: the mean square error of always answering their mean."""
        return float(np.var(self.train.y, axis=0).mean())

    @property
    def classes(self) -> int:
        """How many labels the training rows have; 0 for numbers."""
        return 0 if self.task == "regression" else int(self.train.y.max(initial=0)) + 1


def read_user_data(data: Any, val_data: Any, task: str) -> UserData | None:
    """Read the rows that were passed; None if there are none. Raises UserError if they cannot be read."""
    if data is None:
        if val_data is not None:
            raise UserError("watch: val_data is given without data; give the training rows, too")
        return None
    train, rows = _rows(data, "data", task)
    val, val_rows = _rows(val_data, "val_data", task) if val_data is not None else (None, 0)
    if val is not None and val.shape != train.shape:
        raise UserError(f"watch: rows of data have the shape {train.shape}, those of val_data {val.shape}")
    loader = hasattr(data, "dataset") and hasattr(data, "batch_size")
    steps = len(data) if loader and hasattr(data.dataset, "__len__") else 0
    in_order = loader and type(getattr(data, "sampler", None)).__name__ == "SequentialSampler"
    return UserData(train, val, rows, val_rows, steps, not in_order, task, _changes(val_data))


def _changes(data: Any) -> bool:
    """Whether some of the first rows differ when they are read again: they are augmented at random."""
    source: Any = getattr(data, "dataset", data)
    if getattr(source, "tensors", None) is not None or not hasattr(source, "__getitem__") or isinstance(source, tuple):
        return False
    first = range(min(_TWICE, len(source)))
    with _random_state_kept():
        pairs = [(_pair(source[i]), _pair(source[i])) for i in first]
    return any(
        a is not None and b is not None and not np.array_equal(_array(a[0], ""), _array(b[0], ""), equal_nan=True)
        for a, b in pairs
    )


def _rows(data: Any, what: str, task: str) -> tuple[Rows, int]:
    """Rows, and how many there are."""
    source: Any = getattr(data, "dataset", data)
    tensors = getattr(source, "tensors", None)
    pair = _pair(tensors if tensors is not None else source)
    if pair is not None and hasattr(pair[0], "shape"):
        x, y = (_array(a, what) for a in pair)
        if not len(x) or len(x) != len(y):
            raise UserError(f"watch: {what}: x has {len(x)} rows and y {len(y)}; both need the same number, at least 1")
        return Rows(x, _targets(y, what, task)), len(x)
    if not hasattr(source, "__len__") or not hasattr(source, "__getitem__") or not len(source):
        raise UserError(f"watch: {what} is a {type(data).__name__}; allowed are {_ALLOWED}")
    return _read(source, what, task), len(source)


def _read(source: Any, what: str, task: str) -> Rows:
    """Evenly spaced rows of a data set that gives them one by one."""
    most = _READ
    while True:
        index = np.linspace(0, len(source) - 1, min(most, len(source))).astype(np.int64)
        with _random_state_kept():
            read = [_pair(source[int(i)]) for i in dict.fromkeys(index.tolist())]
        items = [item for item in read if item is not None]
        if len(items) < len(read):
            raise UserError(f"watch: {what}: an item of {type(source).__name__} is no pair; allowed are {_ALLOWED}")
        try:
            x, y = (np.stack([_array(item[i], what) for item in items]) for i in range(2))
        except ValueError:
            raise UserError(f"watch: {what}: rows of {type(source).__name__} differ in shape; leave data out") from None
        rows = Rows(x, _targets(y, what, task))
        wanted = _OF_CLASS * (int(rows.y.max(initial=0)) + 1) if task == "classification" else 0
        if wanted <= most or most >= len(source):
            return rows
        most = wanted


def _pair(value: Any) -> Sequence[Any] | None:
    """The value, if it is a tuple or list of two."""
    found = cast("Sequence[Any] | None", value if isinstance(value, tuple | list) else None)
    return found if found is not None and len(found) == 2 else None


def _array(value: Any, what: str) -> Array:
    """As an array in memory, bfloat16 as float32."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.float() if value.is_floating_point() else value
    found = np.asarray(value)
    if found.dtype.kind not in "fiub":
        raise UserError(f"watch: {what} holds {found.dtype}; allowed are numbers")
    return found


def _targets(y: Array, what: str, task: str) -> Array:
    """Class indices, or numbers with a column each; one-hot rows and 0.0 and 1.0 are indices, too."""
    if task == "regression":
        return y.astype(np.float64).reshape(len(y), -1)
    wide = y.reshape(len(y), -1)
    labels = wide.argmax(axis=1) if wide.shape[1] > 1 else wide[:, 0]
    whole = labels.astype(np.int64)
    if not np.array_equal(whole, labels):
        raise UserError(f"watch: {what}: the targets are not class indices; set task='regression' if they are numbers")
    return whole


@contextmanager
def _random_state_kept() -> Generator[None]:
    """Restore every global random generator that a transform may use."""
    torch: Any = sys.modules.get("torch")
    kept = (
        random.getstate(),
        np.random.get_state(),
        torch.get_rng_state() if torch is not None else None,
    )  # the global ones are theirs
    try:
        yield
    finally:
        random.setstate(kept[0])
        np.random.set_state(kept[1])
        if torch is not None:
            torch.set_rng_state(kept[2])
