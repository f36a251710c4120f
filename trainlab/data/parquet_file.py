"""Reads a Parquet file into a table."""

from collections.abc import Collection
from importlib import import_module
from typing import Any

import numpy as np

from trainlab.core.errors import DataError
from trainlab.core.types import Array
from trainlab.data.paths import existing_file
from trainlab.data.table import Problems, Table, texts


def read_parquet(
    path: str,
    *,
    text: Collection[str] = (),
    numbers: Collection[str] = (),
    skip: Collection[str] = (),
    may_miss: Collection[str] = (),
) -> Table:
    """The table in this file: numbers and truth values as float64, everything else as text.

    Text columns in `may_miss` may have missing values. `lines` are row numbers, from 1.
    Raises DataError for a bad file, missing values and a missing pyarrow.
    """
    file = existing_file(path)
    try:
        pa: Any = import_module("pyarrow")  # Any: it comes without types
        pq: Any = import_module("pyarrow.parquet")
    except ImportError:
        raise DataError(f'{path}: Parquet files need pyarrow: pip install "trainlab[parquet]"') from None
    try:
        stored: Any = pq.ParquetFile(file)
        names: list[str] = stored.schema_arrow.names
        data: Any = stored.read(columns=[name for name in names if name not in skip])
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{path}: not a Parquet file, or a damaged one") from error
    if not data.num_rows:
        raise DataError(f"{path}: holds no rows")
    problems, columns = Problems(path), dict[str, Array]()
    for name, chunked in zip(data.column_names, data.columns, strict=True):
        kinds = ("floating", "integer", "boolean", "decimal")
        is_number = any(getattr(pa.types, f"is_{kind}")(chunked.type) for kind in kinds)
        if name in text or not is_number:
            if name in numbers:
                raise DataError(f"{path}: column `{name}` holds {chunked.type}, where numbers are needed")
            columns[name] = texts(chunked.to_pylist())
            bad = np.array([not cell and name not in may_miss for cell in columns[name]])
        else:
            columns[name] = np.array([np.nan if v is None else float(v) for v in chunked.to_pylist()])
            bad = ~np.isfinite(columns[name])
        for row in np.flatnonzero(bad):
            value = chunked[int(row)].as_py()
            problems.add(int(row) + 1, name, "missing value" if value is None or value != value else f"`{value}`")
    problems.stop("fill these cells in, remove their rows, or name the column under `drop`")
    return Table(path, columns, np.arange(1, int(data.num_rows) + 1))
