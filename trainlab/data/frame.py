"""A pandas DataFrame as a raw table, as if its columns had come from a file."""

from collections.abc import Collection
from typing import Any

import numpy as np

from trainlab.data.table import Column, Numbers, Table, column_of, unique_names


def is_frame(value: object) -> bool:
    """Whether this is a DataFrame; pandas is not imported to find out."""
    return hasattr(value, "columns") and hasattr(value, "itertuples")


def table_of(frame: Any, *, text: Collection[str] = ()) -> Table:
    """The DataFrame's columns: numbers as numbers, everything else and columns in `text` as texts.

    `lines` are row numbers, from 1; the index is left out. Raises DataError for two columns of one name.
    """
    names = [str(key) for key in frame.columns]
    unique_names("DataFrame", names)
    columns = {name: _column(frame.iloc[:, i], name in text) for i, name in enumerate(names)}
    kinds = [getattr(getattr(kind, "categories", None), "dtype", None) for kind in frame.dtypes]
    declared = frozenset(n for n, kind in zip(names, kinds, strict=True) if getattr(kind, "kind", "O") in "iuf")
    lines = np.arange(1, len(frame) + 1)
    return Table("DataFrame", columns, lines, "DataFrame", declared=declared).cleaned(())


def _column(cells: Any, as_text: bool) -> Column:
    kind = getattr(cells.dtype, "kind", "O")
    if kind in "iuf" and not as_text:
        return Numbers(cells.to_numpy(np.float64, na_value=np.nan))
    values = [None if _absent(value) else value for value in cells.tolist()]
    return column_of(values, as_text=as_text)


def _absent(value: Any) -> bool:
    """Whether it is None, nan, NaT or pandas.NA."""
    return value is None or type(value).__name__ in ("NAType", "NaTType") or bool(value != value)
