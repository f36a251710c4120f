"""JSON: a record a line, or a list of records."""

import json
from collections.abc import Collection, Iterator
from typing import Any, ClassVar, cast

from trainlab.core.errors import DataError
from trainlab.data.opening import read_text
from trainlab.data.sources._rows import table_of_rows
from trainlab.data.sources._tabular import Tabular
from trainlab.data.table import SHOWN, Table


class Jsonl(Tabular, name="jsonl"):
    """Rows of a JSON file: a record (`{"age": 31, "city": "Bern"}`) a line, or one list of records.

    A record may lack a column: its cell is missing. Columns are judged as in CSV, over all of their cells. The file may
    be packed (.gz, .bz2, .xz, .zip).
    """

    endings: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson", ".json")

    def read_raw(self, path: str, text: Collection[str]) -> Table:
        """The table in this file; `lines` are line numbers, or the records' numbers in a list."""
        written = read_text(path)
        records = list(_listed(path, written) if written.lstrip()[:1] == "[" else _lines(path, written))
        kept = [(line, {k: v for k, v in record.items() if k not in self.drop}) for line, record in records]
        names = list(dict.fromkeys(key for _, record in kept for key in record))
        rows = [[record.get(name) for name in names] for _, record in kept]
        return table_of_rows(path, path, names, rows, [line for line, _ in kept], text)


def _lines(path: str, written: str) -> Iterator[tuple[int, dict[str, Any]]]:
    problems: list[str] = []
    for number, line in enumerate(written.split("\n"), 1):
        if line.strip():
            try:
                yield number, _record(json.loads(line, object_pairs_hook=_unique))
            except (ValueError, RecursionError) as error:
                own = str(error) if isinstance(error, _RecordError) else "is not JSON"
                problems.append(f"{path}:{number}: {own}")
    if problems:
        more = [f"... and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
        advice = 'each line holds one record, such as {"age": 31, "city": "Bern"}'
        raise DataError("\n".join([*problems[:SHOWN], *more, advice]))


def _listed(path: str, written: str) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        found: list[Any] = json.loads(written, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise DataError(f"{path}:{error.lineno}:{error.colno}: is not JSON from here on") from None
    except (_RecordError, RecursionError) as error:
        raise DataError(f"{path}: {error if isinstance(error, _RecordError) else 'is nested too deeply'}") from None
    for number, value in enumerate(found, 1):
        try:
            yield number, _record(value)
        except _RecordError as error:
            raise DataError(f"{path}: record {number} {error}") from None


class _RecordError(ValueError):
    """What is wrong with a record, in our own words."""


def _record(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _RecordError("holds no record, which has the form {column: value}")
    return cast("dict[str, Any]", value)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A record; Python's own reader keeps the last of two values without a word."""
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _RecordError(f"holds `{twice}` twice")
    return made
