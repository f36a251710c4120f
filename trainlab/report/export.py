"""Rows as a CSV file and as plain data for JSON."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from trainlab.report.compare import shown
from trainlab.report.groups import Group
from trainlab.report.rows import Row
from trainlab.report.table import diagnoses

_FIELDS = ("name", "path", "started", "status", "epoch", "epochs", "metric", "best", "best_epoch", "last")


def as_csv(rows: Sequence[Row], extra: Mapping[str, Sequence[Any]]) -> str:
    """The rows as CSV text: a column for every test metric, one for every extra key, floats in full."""
    tests = list(dict.fromkeys(m for row in rows for m in row.test))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_FIELDS, *(f"test_{m}" for m in tests), "seconds", "diagnoses", "problem", *extra])
    for i, row in enumerate(rows):
        own = [getattr(row, f) for f in _FIELDS]
        tested = [row.test.get(m) for m in tests]
        differing = [None if values[i] is None else _cell(values[i]) for values in extra.values()]
        writer.writerow([*own, *tested, row.seconds, diagnoses(row), row.problem, *differing])
    return text.getvalue()


def as_data(rows: Sequence[Row], extra: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """The rows as plain data; the extra keys of each under `config`."""
    made = [row.as_dict() for row in rows]
    if extra:
        made = [d | {"config": {key: values[i] for key, values in extra.items()}} for i, d in enumerate(made)]
    return made


def groups_csv(groups: Sequence[Group]) -> str:
    """Groups of runs as CSV text: their keys, the names of their runs, means and half intervals in full."""
    keys = list(groups[0].values) if groups else []
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    spreads = [f"{name}_{part}" for name in ("best", "test") for part in ("count", "mean", "half_interval")]
    writer.writerow([*keys, "runs", "metric", "test_metric", *spreads, "diagnoses"])
    for group in groups:
        spread = [
            part for s in (group.best, group.test) for part in ((s.count, s.mean, s.half) if s else (0, None, None))
        ]
        codes = ", ".join(f"{code} in {count}" for code, count in group.codes.items())
        names = " ".join(row.name for row in group.rows)
        own = [None if value is None else _cell(value) for value in group.values.values()]
        writer.writerow([*own, names, group.metric, group.test_metric, *spread, codes])
    return text.getvalue()


def _cell(value: Any) -> Any:
    """A config value in a cell: numbers in full, all else as a config has it."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else shown(value)
