"""An Arrow table (of a Parquet or Feather file) as a raw table."""

import json
from collections.abc import Collection
from importlib import import_module
from typing import Any

import numpy as np

from trainlab.core.errors import DataError
from trainlab.data.table import Column, Numbers, Table, Texts, text_of, texts, unique_names


def table_of_arrow(path: str, data: Any, text: Collection[str]) -> Table:
    """The columns of a `pyarrow.Table`: numbers as numbers, everything else and columns in `text` as texts.

    `lines` are row numbers, from 1. Raises DataError for two columns of one name and for nested columns.
    """
    names: list[str] = data.column_names
    rows: int = data.num_rows
    unique_names(path, names)
    index = _index_columns(data.schema.metadata or {})
    columns = {
        name: _column(path, name, chunked, name in text)
        for name, chunked in zip(names, data.columns, strict=True)
        if name not in index
    }
    left = [f"column `{name}`: the index of a DataFrame: left out" for name in names if name in index]
    return Table(path, columns, np.arange(1, rows + 1), path, notes=tuple(left))


def _index_columns(metadata: dict[bytes, bytes]) -> set[str]:
    """Names of the columns that pandas stored its index in."""
    try:
        stored: list[Any] = json.loads(metadata.get(b"pandas", b"{}"))["index_columns"]
    except (ValueError, KeyError, TypeError):
        stored = []
    return {str(name) for name in stored} | {"__index_level_0__"}


def _column(path: str, name: str, chunked: Any, as_text: bool) -> Column:
    types: Any = import_module("pyarrow").types
    if types.is_nested(chunked.type):
        raise DataError(f"{path}: column `{name}` holds {chunked.type} in each cell; name it under `drop`")
    is_number = any(getattr(types, f"is_{kind}")(chunked.type) for kind in ("floating", "integer", "decimal"))
    if is_number and not as_text:
        values = chunked.cast("float64").to_numpy()
        return Numbers(np.array(values, np.float64))
    if types.is_dictionary(chunked.type):
        chunked = chunked.cast(chunked.type.value_type)
    if not (types.is_string(chunked.type) or types.is_large_string(chunked.type)):
        return texts(chunked.to_pylist())
    coded: Any = chunked.combine_chunks().dictionary_encode()
    codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return Texts(codes, tuple(coded.dictionary.to_pylist())).renamed(
        [text_of(text) for text in coded.dictionary.to_pylist()]
    )
