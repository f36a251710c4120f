"""svmlight: the sparse text format of SVMlight, LIBSVM and XGBoost."""

from importlib import import_module
from typing import Any, Literal

import numpy as np

from trainlab.core.component import setting
from trainlab.core.errors import DataError
from trainlab.core.types import Array, TaskName
from trainlab.data.dataset import Loaded, Rows
from trainlab.data.opening import DAMAGED, open_bytes
from trainlab.data.source import Source
from trainlab.data.sources._arrays import CLASSES_HELP, TASK_HELP, encode_targets, learn_targets

_MOST_BYTES = 4 << 30


class Svmlight(Source, name="svmlight"):
    """Rows of the form `LABEL INDEX:VALUE INDEX:VALUE ...` (.svm, .libsvm, .txt; plain, .gz, .bz2, .xz or .zip).

    Values that are not given are 0: all of x is stored, zeros included. The training file decides the number of
    features and whether their indices count from 0 or 1; the other files are read in the same way.

    Source: T. Joachims, SVMlight; C.-C. Chang and C.-J. Lin, LIBSVM.
    """

    path: str = setting("file to read, relative to the folder that trainlab is started in")
    val_path: str | None = setting(None, "file with the validation rows; `split.val` is not used then")
    test_path: str | None = setting(None, "file with the test rows; `split.test` is not used then")
    zero_based: bool | Literal["auto"] = setting(
        "auto", "whether indices count from 0; auto: they do if the training file holds an index 0"
    )
    task: TaskName = setting("auto", TASK_HELP)
    classes: list[str] = setting([], CLASSES_HELP)

    def load(self, rng: np.random.Generator) -> Loaded:
        """All rows, as numbers."""
        raw, y, notes = _read(self.path)
        smallest = int(raw.indices.min())
        first = int(smallest > 0) if self.zero_based == "auto" else int(not self.zero_based)
        if self.zero_based == "auto":
            guess = f"{self.path}: the smallest index is {smallest}: indices count from {first}"
            notes.append(f"{guess}; set `data.zero_based: {str(first == 1).lower()}` if that is wrong")
        columns = raw.shape[1] - first
        x = _dense(self.path, raw, first, columns)
        y, targets = learn_targets(f"{self.path}: labels", y, x, self.task, self.classes)
        rows, others = Rows(x, y), dict[str, Rows | None]()
        for part, path in (("val", self.val_path), ("test", self.test_path)):
            others[part] = None
            if path is not None:
                raw, y, _ = _read(path)
                x = _dense(path, raw, first, columns)
                others[part] = Rows(x, encode_targets(f"{path}: labels", y, len(x), targets))
        return Loaded(rows, targets.task, others["test"], notes=(*notes, *targets.notes), val=others["val"])


def _read(path: str) -> tuple[Any, Array, list[str]]:
    """Sparse x whose columns are the indices as they are written, labels, and notes."""
    datasets: Any = import_module("sklearn.datasets")  # Any: it comes without types
    try:
        with open_bytes(path) as file:
            x, y, queries = datasets.load_svmlight_file(file, zero_based=True, query_id=True)
    except (ValueError, OverflowError):
        raise DataError(_first_fault(path)) from None
    except DAMAGED as error:
        raise DataError(f"{path}: the file is truncated or damaged: it cannot be unpacked") from error
    if not len(y):
        raise DataError(f"{path}: holds no rows")
    if not x.nnz:
        raise DataError(f"{path}: no row has a value; a row has the form `LABEL INDEX:VALUE ...`")
    return x, y, [f"{path}: the query of each row (qid) is left out"] * bool(len(queries))


def _dense(path: str, raw: Any, first: int, columns: int) -> Array:
    """All values, zeros included, (rows, columns). Raises DataError for an index that is out of range."""
    indices = raw.indices
    if indices.min() < first:
        raise DataError(f"{path}: holds the index 0, but indices count from 1; set `data.zero_based: true`")
    if indices.max() >= columns + first:
        raise DataError(
            f"{path}: holds the index {indices.max()}, but the training file goes up to {columns + first - 1}; remove "
            "what is above that, or add a value 0 of this index to the training file"
        )
    rows = raw.shape[0]
    if rows * columns * 8 > _MOST_BYTES:
        raise DataError(
            f"{path}: {rows} rows of {columns} features take {rows * columns * 8 / 2**30:.0f} GB with their zeros, "
            "more than 4 GB; make them fewer first, e.g. with scikit-learn's TruncatedSVD, and save them as .npz"
        )
    raw.resize(rows, columns + first)
    return raw[:, first:].toarray()


def _first_fault(path: str) -> str:
    """The message for a file that cannot be read: its first line that is not of the form."""
    with open_bytes(path) as file:
        for number, line in enumerate(file, 1):
            cells = line.split(b"#")[0].split()
            why = _fault(cells) if cells else ""
            if why:
                return f"{path}:{number}: {why}"
    return f"{path}: not a file of rows `LABEL INDEX:VALUE ...`"


def _fault(cells: list[bytes]) -> str:
    """Why a row cannot be read, or nothing."""
    label, last = cells[0].decode("utf-8", "replace")[:20], -1
    if not _is_number(cells[0]):
        if "," in label:
            return f"the label `{label}` is several; one label a row is needed"
        return f"the label `{label}` is no number; number the classes and name them under `data.classes`"
    for cell in cells[1:]:
        shown = cell.decode("utf-8", "replace")[:20]
        index, colon, value = cell.partition(b":")
        if not colon or not _is_number(value) or not (index.isdigit() or index == b"qid"):
            return f"`{shown}` is not of the form INDEX:VALUE"
        if index == b"qid":
            continue
        if len(index) > 10 or int(index) >= 2**31 - 1:
            return f"the index of `{shown}` is too large"
        if int(index) <= last:
            return f"the index of `{shown}` is not above the one before; sort them, each once"
        last = int(index)
    return ""


def _is_number(cell: bytes) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
