"""How the columns of a table become x and y: numbers as they are, categories one-hot, classes numbered.

What was found in the training file is kept as plain JSON (the encoding), so that a new file is read the same way.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from trainlab.core.errors import DataError
from trainlab.core.types import Array, Task
from trainlab.data.dataset import Rows
from trainlab.data.delimited import parse_number, read_delimited
from trainlab.data.paths import did_you_mean, existing_file
from trainlab.data.table import Problems, Table

MOST_CLASSES = 20  # whole numbers with more different values are a regression unless `task` says otherwise
MOST_CATEGORIES = 50  # a text column with more, and different in every other row, is no category


def encode_new(encoding: dict[str, Any], path: str, *, with_target: bool = True) -> tuple[Array, Array | None, Array]:
    """x, y and lines of a new file (CSV, or Parquet by its ending), read as the training file was.

    y is None where the target is absent, has missing cells, or is to be left unread.
    Raises DataError naming columns that are missing or unknown, and cells that are no numbers or no known category.
    """
    text = [c["name"] for c in encoding["columns"] if "categories" in c]
    numbers = [c["name"] for c in encoding["columns"] if "categories" not in c]
    target: list[str] = encoding["target"] if with_target else []
    ignored = {*encoding["ignored"], *encoding["target"]} - set(target)
    if existing_file(path).suffix.lower() in (".parquet", ".pq"):
        from trainlab.data.parquet_file import read_parquet

        table = read_parquet(path, text=[*text, *target], numbers=numbers, skip=ignored, may_miss=target)
    else:
        table = read_delimited(
            path,
            delimiter=encoding.get("delimiter"),
            encoding=encoding.get("text_encoding", "utf-8"),
            text=[*text, *target],
            numbers=numbers,
            skip=ignored,
            may_miss=target,
        )
    x, y = encode_table(table, encoding, with_target=with_target)
    return x, y, table.lines


def encode_table(table: Table, encoding: dict[str, Any], *, with_target: bool = True) -> tuple[Array, Array | None]:
    """x and y of a table with the columns of the training file; y is None as for `encode_new`. Raises DataError."""
    target: list[str] = encoding["target"] if with_target else []
    wanted = [c["name"] for c in sorted(encoding["columns"], key=lambda c: "categories" not in c)]
    _same_columns(table, wanted, [*encoding["target"], *encoding["ignored"]])
    y = None
    if target and all(name in table.columns and all(table.columns[name]) for name in target):
        y = encode_targets(table, encoding)
    return encode_inputs(table, encoding), y


def encode_inputs(table: Table, encoding: dict[str, Any]) -> Array:
    """x (n, *shape) of a table: a column per number, and a column of 0 and 1 per category."""
    problems, blocks = Problems(table.path), list[Array]()
    for column in encoding["columns"]:
        cells = table.columns[column["name"]]
        if "categories" not in column:
            blocks.append(cells[:, None])
            continue
        codes = _codes(table, column["name"], column["categories"], "category", problems)
        blocks.append((codes[:, None] == np.arange(len(column["categories"]))).astype(np.float64))
    problems.stop("only what the training file holds can be understood")
    x = np.hstack(blocks) if blocks else np.empty((len(table.lines), 0))
    return x.reshape(-1, *encoding["shape"]) if "shape" in encoding else x


def encode_targets(table: Table, encoding: dict[str, Any]) -> Array:
    """y of a table: class indices (n,), or numbers (n, k)."""
    problems = Problems(table.path)
    if encoding["classes"] is not None:
        (name,) = encoding["target"]
        codes = _codes(table, name, encoding["classes"], "class", problems)
        problems.stop("only the classes of the training file can be told apart")
        return codes
    return np.column_stack([column_numbers(table, name, problems) for name in encoding["target"]])


def column_numbers(table: Table, name: str, problems: Problems) -> Array:
    """A text column as numbers. Raises DataError for cells that are none."""
    cells = table.columns[name]
    values = [parse_number(cell) for cell in cells]
    for line, cell, value in zip(table.lines, cells, values, strict=True):
        if value is None:
            problems.add(int(line), name, f"`{cell}` is not a number" if cell else "missing value")
    problems.stop("a regression needs a number in every row")
    return np.array(values, np.float64)


def column_times(table: Table, name: str) -> Array:
    """A text column of numbers or ISO dates as seconds or plain numbers. Raises DataError for other cells."""
    problems, cells = Problems(table.path), table.columns[name]
    values = [parse_number(cell) for cell in cells]
    if None in values:
        values = [_seconds(cell) for cell in cells]
    for line, cell, value in zip(table.lines, cells, values, strict=True):
        if value is None:
            problems.add(int(line), name, f"`{cell}` is no time")
    problems.stop("write all times as numbers, or all as ISO dates: 2024-01-31 or 2024-01-31T09:30:00")
    return np.array(values, np.float64)


def learn_encoding(
    table: Table,
    *,
    target: Sequence[str],
    classes: bool | None,
    ignored: Sequence[str] = (),
    categorical: Sequence[str] = (),
    text_encoding: str = "utf-8",
    delimiter: str | None = None,
) -> dict[str, Any]:
    """The encoding of a training table. `classes` None finds out whether the target is classes or a number."""
    columns: list[dict[str, Any]] = []
    for name, cells in table.columns.items():
        if name in target or name in ignored:
            continue
        if cells.dtype != object:
            columns.append({"name": name})
            continue
        categories = ordered(cells)
        if name not in categorical and len(categories) > max(MOST_CATEGORIES, len(cells) // 2):
            raise DataError(
                f"{table.path}:1: column `{name}` holds {len(categories)} different texts in {len(cells)} rows, such "
                f"as `{categories[0]}`; name it under `drop`, or under `categorical` if it is meant so"
            )
        columns.append({"name": name, "categories": categories})
    if not columns:
        raise DataError(f"{table.path}: no columns are left to learn from beside the target")
    if classes is None:
        classes = len(target) == 1 and _looks_like_classes(table.columns[target[0]])
    if classes and len(target) > 1:
        raise DataError(f"data.target: a classification has one target column; found {len(target)}")
    return {
        "columns": columns,
        "target": list(target),
        "classes": ordered(table.columns[target[0]]) if classes else None,
        "ignored": list(ignored),
        "text_encoding": text_encoding,
        "delimiter": delimiter,
    }


def feature_names(encoding: dict[str, Any]) -> tuple[str, ...]:
    """A name per column of x: `age`, `city=Rome`, `city=Oslo`."""
    names: list[str] = []
    for column in encoding["columns"]:
        categories: list[str] | None = column.get("categories")
        names += [column["name"]] if categories is None else [f"{column['name']}={c}" for c in categories]
    return tuple(names)


def task_of(encoding: dict[str, Any]) -> Task:
    """The task that the targets of this encoding are."""
    classes: list[str] | None = encoding["classes"]
    if classes is not None:
        return Task("classification", len(classes), tuple(classes))
    return Task("regression", len(encoding["target"]), tuple(encoding["target"]))


def ordered(cells: Array) -> list[str]:
    """The different texts of a column: as numbers if all are, else by alphabet.

    >>> ordered(np.array(["10", "9", "10"], dtype=object))
    ['9', '10']
    """
    different = sorted(set(cells))
    values = {cell: parse_number(cell) for cell in different}
    return different if None in values.values() else sorted(different, key=lambda cell: values[cell] or 0.0)


def rows_of(table: Table, encoding: dict[str, Any], *, group: str | None = None, time: str | None = None) -> Rows:
    """The rows of a table with its targets, groups and times."""
    return Rows(
        encode_inputs(table, encoding),
        encode_targets(table, encoding),
        feature_names(encoding),
        None if group is None else np.unique(table.columns[group].astype(str), return_inverse=True)[1],
        None if time is None else column_times(table, time),
        table.lines,
    )


def _looks_like_classes(cells: Array) -> bool:
    values = [parse_number(cell) for cell in set(cells)]
    numeric = [v for v in values if v is not None]
    return len(numeric) < len(values) or (len(values) <= MOST_CLASSES and all(v.is_integer() for v in numeric))


def _codes(table: Table, name: str, known: list[str], what: str, problems: Problems) -> Array:
    number = {cell: i for i, cell in enumerate(known)}
    codes = np.array([number.get(cell, -1) for cell in table.columns[name]], np.int64)
    for row in np.flatnonzero(codes < 0):
        cell = str(table.columns[name][row])
        problems.add(
            int(table.lines[row]), name, f"unknown {what} `{cell}`{did_you_mean(cell, known) or _listed(known)}"
        )
    return codes


def _listed(known: list[str]) -> str:
    return "; known are " + ", ".join(f"`{k}`" for k in known[:10]) + (", ..." if len(known) > 10 else "")


def _seconds(cell: str) -> float | None:
    try:
        moment = datetime.fromisoformat(cell)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _same_columns(table: Table, wanted: list[str], allowed: list[str]) -> None:
    missing = [name for name in wanted if name not in table.columns]
    unknown = [name for name in table.columns if name not in wanted and name not in allowed]
    said = [f"column `{name}` is missing{did_you_mean(name, unknown)}" for name in missing]
    said += [f"column `{name}` is unknown" for name in unknown if not any(f"`{name}`?" in s for s in said)]
    if said:
        raise DataError("\n".join(f"{table.path}:1: {s}" for s in said))
