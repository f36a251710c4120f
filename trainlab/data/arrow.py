"""An Arrow table (of a Parquet or Feather file) as a raw table."""

import json
from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import numpy as np

from trainlab.core.errors import DataError
from trainlab.data.opening import parsing
from trainlab.data.table import EXACT, Column, Numbers, StoredColumns, Table, Texts, texts, unique_names

DAMAGED = "not a Parquet file, or a damaged one"


def arrow_reader(path: Path | str, module: str, what: str, extra: str = "parquet") -> tuple[Any, Any]:
    """pyarrow and one of its modules (they come without types), or DataError that says how to install it."""
    try:
        return import_module("pyarrow"), import_module(f"pyarrow.{module}")
    except ImportError:
        raise DataError(f'{path}: {what} files need pyarrow: pip install "trainlab[{extra}]"') from None


def table_of_arrow(path: str, data: Any, text: Collection[str], drop: Collection[str] = ()) -> Table:
    """The columns of a `pyarrow.Table` but those in `drop`: numbers as numbers, others and those in `text` as texts.

    Numbers that a dictionary lists (categories of pandas, factors of R) are declared as categories.

    `lines` are row numbers, from 1. Raises DataError for two columns of one name and for nested columns.
    """
    unique_names(path, data.column_names)

    def read(names: Collection[str]) -> Mapping[str, Column]:
        return {name: _column(path, name, data.column(name), name in text) for name in names}

    return _table(path, data.schema, data.num_rows, drop, read)


def stored_table(path: str, stored: Any, text: Collection[str], drop: Collection[str] = ()) -> Table:
    """As `table_of_arrow`, of an open `pyarrow.parquet.ParquetFile`: columns are read when they are asked for."""
    unique_names(path, stored.schema_arrow.names)

    def read(name: str) -> Column:
        with parsing(path, DAMAGED):
            # besides `a`, this reads a column `a.b`
            return _column(path, name, stored.read(columns=[name]).column(name), name in text)

    def columns(names: Collection[str]) -> Mapping[str, Column]:
        return StoredColumns(list(names), read)

    return _table(path, stored.schema_arrow, stored.metadata.num_rows, drop, columns)


def _table(
    path: str,
    schema: Any,
    rows: int,
    drop: Collection[str],
    columns: Callable[[Collection[str]], Mapping[str, Column]],
) -> Table:
    """The table of some columns, without the index of pandas."""
    facts = _pandas_facts(schema.metadata or {})
    index = {str(name) for name in facts.get("index_columns", [])} | {"__index_level_0__"}
    kept = [name for name in schema.names if name not in index and name not in drop]
    left = [f"column `{name}`: the index of a DataFrame: left out" for name in schema.names if name in index]
    lines, declared = np.arange(1, rows + 1), _categories_of_numbers(schema, facts)
    return Table(path, columns(kept), lines, path, notes=tuple(left), declared=declared)


def _categories_of_numbers(schema: Any, facts: dict[str, Any]) -> frozenset[str]:
    """The columns of numbers that are categories: dictionaries, or, in Parquet, those in pandas' metadata."""
    types: Any = import_module("pyarrow").types
    said = {c.get("name") for c in facts.get("columns", []) if c.get("pandas_type") == "categorical"}
    kinds = {field.name: field.type for field in schema}
    values = {n: k.value_type if types.is_dictionary(k) else k for n, k in kinds.items()}
    categories = {n for n, k in kinds.items() if types.is_dictionary(k)} | said
    return frozenset(
        n for n in kinds if n in categories and (types.is_integer(values[n]) or types.is_floating(values[n]))
    )


def _pandas_facts(metadata: dict[bytes, bytes]) -> dict[str, Any]:
    """What pandas stored of its index and columns; nothing where another program wrote the file."""
    try:
        found: Any = json.loads(metadata.get(b"pandas", b"{}"))
    except ValueError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _column(path: str, name: str, chunked: Any, as_text: bool) -> Column:
    types: Any = import_module("pyarrow").types
    if as_text and (types.is_list(chunked.type) or types.is_large_list(chunked.type)):
        return texts([None if cell is None else json.dumps(cell, default=str) for cell in chunked.to_pylist()])
    if types.is_nested(chunked.type):
        cure = "use `name: parquet_images` for pictures, or name it under `drop`"
        if not (types.is_struct(chunked.type) and any(field.name == "bytes" for field in chunked.type)):
            cure = "name it under `drop`"
        raise DataError(f"{path}: column `{name}` holds {chunked.type} in each cell; {cure}")
    is_number = any(getattr(types, f"is_{kind}")(chunked.type) for kind in ("floating", "integer", "decimal"))
    if is_number and not (as_text and _huge(chunked, types)):
        values = chunked.cast("float64").to_numpy()
        return Numbers(np.array(values, np.float64))
    if types.is_dictionary(chunked.type):
        chunked = chunked.cast(chunked.type.value_type)
    if not (types.is_string(chunked.type) or types.is_large_string(chunked.type)):
        return texts(chunked.to_pylist())
    coded: Any = chunked.combine_chunks().dictionary_encode()
    codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return Texts(codes, tuple(coded.dictionary.to_pylist()))


def _huge(chunked: Any, types: Any) -> bool:
    """Whether there are whole numbers that float64 does not hold, such as long ids; they name classes as texts."""
    if not types.is_integer(chunked.type) or chunked.null_count == len(chunked):
        return False
    found: Any = import_module("pyarrow.compute").min_max(chunked)
    return max(abs(found["min"].as_py()), abs(found["max"].as_py())) > EXACT
