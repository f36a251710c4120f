"""Rows of Python values, as workbooks, JSON lines and databases give them, as a raw table."""

import json
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from trainlab.core.errors import DataError
from trainlab.data.table import Table, column_of, unique_names

_NESTED = {"list": "a list", "dict": "a table", "bytes": "bytes"}


def table_of_rows(
    path: str,
    header: str,
    names: Sequence[str],
    rows: Sequence[Sequence[Any]],
    lines: Sequence[int],
    text: Collection[str],
    notes: tuple[str, ...] = (),
) -> Table:
    """The columns of these rows, all as long as `names`; an empty text is a missing cell. Lists in columns of text, the
    target among them, become texts such as `["red", "blue"]`.

    Raises DataError for two columns of one name, and for cells that hold lists, tables or bytes.
    """
    unique_names(header, names)
    columns = [[None if v == "" else v for v in column] for column in zip(*rows, strict=True)] or [[] for _ in names]
    for name, column in zip(names, columns, strict=True):
        if name in text:
            column[:] = [json.dumps(v, default=str) if isinstance(v, list) else v for v in column]
        for line, value in zip(lines, column, strict=True):
            if (what := _NESTED.get(type(value).__name__)) is not None:
                raise DataError(f"{path}:{line}: column `{name}` holds {what} in a cell; name it under `drop`")
    found = {n: column_of(c, as_text=n in text) for n, c in zip(names, columns, strict=True)}
    return Table(path, found, np.array(lines, np.int64), header, notes=notes)
