"""The real data sets that scikit-learn's wheel holds, read without importing scikit-learn (which takes a second)."""

import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from trainlab.core.errors import DataError
from trainlab.core.types import Array, Shape, Task
from trainlab.data.dataset import Loaded, Rows


def numbers(file: str, *, delimiter: str = ",", skip: int = 0) -> Array:
    """The table of numbers in this file of scikit-learn's data folder, float64.

    Raises DataError where the file is missing.
    """
    spec = find_spec("sklearn")
    folder = Path((spec.submodule_search_locations or [""])[0] if spec else "") / "datasets" / "data"
    try:
        stored = (folder / file).read_bytes()
    except OSError:
        raise DataError(
            f"{folder / file}: missing from the installed scikit-learn; reinstall it: pip install -U scikit-learn"
        ) from None
    text = (gzip.decompress(stored) if file.endswith(".gz") else stored).decode()
    lines = text.splitlines()[skip:]
    cells = delimiter.join(lines).split(delimiter)
    return np.array(cells, dtype=np.float64).reshape(len(lines), -1)


def classes(file: str, features: tuple[str, ...], task: Task) -> Loaded:
    """A classification set whose last column is the class, after one header line."""
    table = numbers(file, skip=1)
    return Loaded(Rows(table[:, :-1].copy(), table[:, -1].astype(np.int64), features), task)


def classification(shape: Shape, *names: str) -> tuple[Shape, Task]:
    """The result of `known` for classes with these names."""
    return shape, Task("classification", len(names), names)
