"""A pandas DataFrame as a table, as if its columns had come from a file."""

from collections.abc import Collection
from typing import Any

import numpy as np

from trainlab.core.types import Array
from trainlab.data.table import Problems, Table, texts


def is_frame(value: object) -> bool:
    """Whether this is a DataFrame; pandas is not imported to find out."""
    return hasattr(value, "columns") and hasattr(value, "itertuples")


def table_of(frame: Any, *, text: Collection[str], numbers: Collection[str], may_miss: Collection[str] = ()) -> Table:
    """The DataFrame's columns: `numbers` as float64, `text` as texts, others only by their names.

    Text columns in `may_miss` may have missing values. `lines` are row numbers, from 1. Raises DataError for other
    missing values and for cells that are no finite numbers.
    """
    problems, columns = Problems("DataFrame"), dict[str, Array]()
    for key in frame.columns:
        name, cells = str(key), frame[key].tolist()
        if name in numbers:
            columns[name] = np.array([_number(cell) for cell in cells], np.float64)
            bad = ~np.isfinite(columns[name])
        else:
            columns[name] = texts(cells)
            bad = np.array([name in text and name not in may_miss and not cell for cell in columns[name]], bool)
        for row in np.flatnonzero(bad):
            cell = cells[row]
            problems.add(int(row) + 1, name, "missing value" if cell is None or cell != cell else f"`{cell}`")
    problems.stop("every cell needs a value of the kind that the training file holds; rows are counted from 1")
    return Table("DataFrame", columns, np.arange(1, len(frame) + 1))


def _number(cell: Any) -> float:
    try:
        return float(cell)
    except (TypeError, ValueError):
        return float("nan")
