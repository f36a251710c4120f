"""Any JSON value as records: nested objects, columns, pandas' orientations, lists beside scalars, series with steps."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, cast

from trainlab.integrations.logs.log_format import VALUE, Table
from trainlab.integrations.logs.names import ALONE, meaning, split_of

_PLACES, _MEASURED = ("steps", "step", "x", "epochs", "epoch", "iterations"), ("values", "value", "y", "data")
_EPOCHS_AT = 10  # of one column as many values as of another: these are its steps, those its epochs
Columns = dict[str, list[Any]]


def flatten(value: Any) -> Table:
    """The records of a JSON value; none if it holds none."""
    if isinstance(value, list):
        return _of_list(cast("list[Any]", value))
    if not isinstance(value, dict):
        return Table([])
    table = cast("dict[str, Any]", value)
    if isinstance(names := table.get("columns"), list) and isinstance(rows := table.get("data"), list):
        header = [_joined(name) for name in cast("list[Any]", names)]
        body = cast("list[Any]", rows)
        return Table([dict(zip(header, cast("list[Any]", r), strict=False)) for r in body if isinstance(r, list)])
    leaves: dict[str, Any] = {}
    _collect(table, "", leaves)
    lists = {path: _of_list(cast("list[Any]", leaf)) for path, leaf in leaves.items() if _is_records(leaf)}
    by_split = {path: found for path, found in lists.items() if split_of(path.rpartition("/")[2])}
    if len(by_split) > 1:  # {"train": [{"epoch": 0, "loss": 2.3}, ...], "val": [...]}
        return Table([_of_split(path.rpartition("/")[2], r) for path, found in by_split.items() for r in found.records])
    known = {path: found for path, found in lists.items() if "train_loss" in _meanings(found.records)}
    if known:
        return max(known.values(), key=lambda found: len(found.records))
    if numbered := [cast("dict[str, Any]", leaf) for leaf in leaves.values() if isinstance(leaf, dict)]:
        return _by_number(max(numbered, key=len))
    columns = {path: cast("list[Any]", leaf) for path, leaf in leaves.items() if _is_numbers(leaf)}
    series = {path: cast("list[list[Any]]", leaf) for path, leaf in leaves.items() if _is_pairs(leaf)}
    if columns or series:
        short = _without_common(columns | series)
        stepped = [r for path, leaf in series.items() for r in _with_steps(short[path], leaf)]
        spread = spread_columns({short[path]: leaf for path, leaf in columns.items()})
        return Table([*spread.records, *stepped], notes=spread.notes)
    return max(lists.values(), key=lambda found: len(found.records), default=Table([flat(table)]))


def flat(record: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """One record, nested objects joined with `/`; lists are left out.

    >>> flat({"epoch": 1, "train": {"loss": 0.5}, "batches": [1, 2]})
    {'epoch': 1, 'train/loss': 0.5}
    """
    found: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, dict):
            found |= flat(cast("dict[str, Any]", value), f"{prefix}{key}/")
        elif not isinstance(value, list):
            found[f"{prefix}{key}"] = value
    return found


def spread_columns(columns: Columns) -> Table:
    """Columns as records. A shorter column was measured more rarely: its values are spread over the rows.

    >>> spread_columns({"loss": [5, 4, 3, 2], "val_loss": [4.5, 2.5]}).records[1:]
    [{'loss': 4, 'val_loss': 4.5}, {'loss': 3}, {'loss': 2, 'val_loss': 2.5}]
    """
    lengths = [len(v) for name, v in columns.items() if meaning(name) is not None]
    longest = max(lengths or map(len, columns.values()), default=0)
    records: list[dict[str, Any]] = [{} for _ in range(longest)]
    notes: list[str] = []
    fewest = longest
    for name, values in columns.items():
        n = len(values)
        if not 0 < n <= longest or (meaning(name) is None and lengths and n not in lengths):
            continue
        spread = longest >= 1.5 * n and n > 1
        for i, value in enumerate(values):
            records[round((i + 1) * longest / n) - 1 if spread else i][name] = value
        if spread:
            notes.append(f"`{name}` has {n} values, other columns {longest}: they are spread evenly over the rows")
            fewest = min(fewest, n)
    if longest >= _EPOCHS_AT * fewest and not {"epoch", "step"} & {meaning(name) for name in columns}:
        for i, record in enumerate(records):
            record |= {"epoch": -(-(i + 1) * fewest // longest), "step": i + 1}
    return Table(records, notes=notes)


def _of_list(values: list[Any]) -> Table:
    """Records, rows below a header, [step, value] or [time, step, value], or the numbers of one series."""
    if _is_pairs(values):
        return Table(_with_steps(VALUE, values), series=True)
    if _is_numbers(values):
        return Table([{VALUE: v} for v in values], series=True)
    if values and isinstance(values[0], list) and all(isinstance(name, str) for name in cast("list[Any]", values[0])):
        rows = cast("list[list[Any]]", [v for v in values[1:] if isinstance(v, list)])
        return Table([dict(zip(cast("list[str]", values[0]), row, strict=False)) for row in rows])
    return Table([flat(cast("dict[str, Any]", v)) for v in values if isinstance(v, dict)])


def _collect(table: Mapping[str, Any], prefix: str, leaves: dict[str, Any]) -> None:
    """The lists of a nested object, and objects with a number for each key, by their path."""
    if table and all(_is_index(key) for key in table):
        values = list(table.values())
        if all(isinstance(v, dict) for v in values):
            leaves[prefix or VALUE] = dict(table)
        elif not any(isinstance(v, dict | list) for v in values):  # pandas' columns: {"0": 2.3, "1": 1.8}
            leaves[prefix or VALUE] = values
        return
    places, values = (next((table[k] for k in keys if k in table), None) for keys in (_PLACES, _MEASURED))
    if prefix and isinstance(places, list) and isinstance(values, list):  # sacred's metrics, plotly's lines
        pairs = zip(cast("list[Any]", places), cast("list[Any]", values), strict=False)
        leaves[prefix] = [[step, value] for step, value in pairs]
        return
    for key, value in table.items():
        path = f"{prefix}/{key}" if prefix else str(key)
        if isinstance(value, dict):
            _collect(cast("dict[str, Any]", value), path, leaves)
        elif isinstance(value, list) and value:
            leaves[path] = value


def _by_number(table: Mapping[str, Any]) -> Table:
    """Records by number of the epoch: `{"1": {"loss": 0.5}, "2": ...}`."""
    rows = [(int(key), flat(cast("dict[str, Any]", row))) for key, row in table.items()]
    return Table([{"epoch": key, **row} for key, row in sorted(rows, key=lambda item: item[0])])


def _with_steps(name: str, pairs: Sequence[list[Any]]) -> list[dict[str, Any]]:
    return [{"step": pair[-2], name: pair[-1]} for pair in pairs]


def _without_common(columns: Mapping[str, Any]) -> dict[str, str]:
    """Path -> the path without the parts in front that all have in common and that name no split."""
    parts = {path: path.split("/") for path in columns}
    heads = {p[0] for p in parts.values()}
    while len(heads) == 1 and all(len(p) > 1 for p in parts.values()) and meaning(f"{next(iter(heads))}/loss") is None:
        parts = {path: p[1:] for path, p in parts.items()}
        heads = {p[0] for p in parts.values()}
    return {path: "/".join(p) for path, p in parts.items()}


def _of_split(split: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """The record with its split in front of the names of its metrics."""
    return {(k if meaning(k) in ALONE else f"{split}/{k}"): v for k, v in record.items()}


def _meanings(records: Sequence[Mapping[str, Any]]) -> set[str | None]:
    return {meaning(key) for record in records[:50] for key in record}


def _is_index(key: str) -> bool:
    return key.isdigit()


def _is_records(leaf: Any) -> bool:
    return isinstance(leaf, list) and sum(isinstance(v, dict) for v in cast("list[Any]", leaf)) > 0


def _is_numbers(leaf: Any) -> bool:
    """Whether these are numbers, null or numbers as text, and at least two."""
    if not isinstance(leaf, list) or len(cast("list[Any]", leaf)) < 2:
        return False
    values = [v for v in cast("list[Any]", leaf) if v is not None]
    return bool(values) and all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)


def _is_pairs(leaf: Any) -> bool:
    """Whether these are [step, value] or [time, step, value] with steps that grow."""
    if not isinstance(leaf, list) or len(cast("list[Any]", leaf)) < 2:
        return False
    rows = cast("list[Any]", leaf)
    if not all(isinstance(r, list) and len(cast("list[Any]", r)) in (2, 3) and _is_numbers(r) for r in rows):
        return False
    steps = [r[-2] for r in rows]
    return all(isinstance(s, int | float) for s in steps) and all(a <= b for a, b in pairwise(steps))


def _joined(name: Any) -> str:
    return "/".join(map(str, cast("list[Any]", name))) if isinstance(name, list) else str(name)
