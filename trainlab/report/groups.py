"""Runs that differ only in their seed, or share some settings, as one row: mean score with its interval."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean, stdev
from typing import Any

from trainlab.core.dotted import flat
from trainlab.core.errors import UserError
from trainlab.core.metric_names import lower_is_better
from trainlab.core.problem import nearest
from trainlab.report.compare import differing, short_names, shown
from trainlab.report.findings import rank
from trainlab.report.grid import Column, grid
from trainlab.report.rows import Row, main_test, row_of, tested_value
from trainlab.report.select import values_of
from trainlab.report.text import clean, number, wrapped
from trainlab.store.reading import RunRecord
from trainlab.store.strict_json import dumps

ALL = "config"  # to group by every setting but the seed and the name
_OWN = ("seed", "name", "description")
_SCORED = ("finished", "interrupted", "running", "killed")  # states whose score counts


@dataclass(frozen=True, slots=True)
class Spread:
    """The mean of some values and half the width of its 95 % interval (Student's t), None for fewer than two."""

    count: int
    mean: float
    half: float | None

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread | None":
        """The spread of the values, None if there are none."""
        if not values:
            return None
        if len(values) == 1:
            return cls(1, values[0], None)
        from scipy.special import stdtrit  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]  # none

        t = float(stdtrit(len(values) - 1, 0.975))
        return cls(len(values), fmean(values), t * stdev(values) / math.sqrt(len(values)))

    def text(self, *, ascii_only: bool = False) -> str:
        """`0.9815 ± 0.0021`; the mean alone where there is one value only."""
        return number(self.mean) + ("" if self.half is None else f" {'+-' if ascii_only else '±'} {self.half:.2g}")


@dataclass(frozen=True, slots=True)
class Group:
    """Runs with the same values of some keys. `best` and `test` spread over those whose scores count."""

    values: dict[str, Any]
    rows: tuple[Row, ...]
    metric: str
    best: Spread | None
    test_metric: str
    test: Spread | None

    @property
    def codes(self) -> dict[str, int]:
        """In how many of the runs each code was found, the worst severity first."""
        found = {(f["code"], f["severity"]) for row in self.rows for f in row.findings}
        worst = sorted(found, key=lambda pair: (rank(pair[1]), pair[0]))
        return {code: sum(any(f["code"] == code for f in row.findings) for row in self.rows) for code, _ in worst}

    def as_dict(self) -> dict[str, Any]:
        """The group as plain data."""

        def spread(s: Spread | None) -> dict[str, Any] | None:
            return s and {"count": s.count, "mean": s.mean, "half_interval": s.half}

        return {
            "group": self.values,
            "runs": [row.name for row in self.rows],
            "metric": self.metric,
            "best": spread(self.best),
            "test_metric": self.test_metric,
            "test": spread(self.test),
            "diagnoses": self.codes,
        }


def grouped(records: Sequence[RunRecord], keys: Sequence[str], metric: str = "") -> list[Group]:
    """The runs grouped by the values of keys (config keys, `status` ...; `config`: all settings but the seed). The best
    group by `metric`, or by the metric that the runs watched, comes first.

    Raises UserError if no run has one of the keys.
    """
    named: list[str] = []
    for key in keys:
        named += [k for k in differing(records) if k.split(".")[0] not in _OWN] if key == ALL else [key]
    tested = metric.startswith(("test_", "test."))
    placed: list[tuple[str, dict[str, Any], Row]] = []
    for record in records:
        values = {key: _value(record, key) for key in named}
        placed.append((dumps(values), values, row_of(record, "" if tested else metric, brief=True)))
        record.forget()
    for key in (key for key in keys if key != ALL):
        if placed and all(values[key] is None for _, values, _ in placed):
            known = sorted({k for record in records for k in flat(record.config)} | {"status", ALL})
            near = nearest(key, known)
            raise UserError(f"--group-by {key}: no run has it" + (f"; did you mean `{near}`?" if near else ""))
    placed.sort(key=lambda item: item[0])
    groups = [_group([(v, row) for _, v, row in same]) for _, same in groupby(placed, key=lambda item: item[0])]
    return sorted(groups, key=lambda group: _order(group, tested))


def group_table(
    groups: Sequence[Group], *, width: int | None = None, ascii_only: bool = False, color: bool = False
) -> list[str]:
    """The lines of the table of groups; columns that find no room are left out."""
    keys = list(groups[0].values) if groups else []
    titles = short_names(keys)
    metrics = list(dict.fromkeys(group.metric for group in groups if group.metric))
    tests = list(dict.fromkeys(group.test_metric for group in groups if group.test_metric))
    told = [f"best: {' or '.join(metrics)}"] if metrics else []
    told += [f"test: {' or '.join(tests)}"] if tests else []
    sign = "+-" if ascii_only else "±"
    caption = " | ".join([*told, f"mean {sign} half of the 95 % interval over the runs of a group"])
    named = [
        Column(title, [shown(group.values[key]) for group in groups], i and 2 + i, right=False)
        for i, (key, title) in enumerate(zip(keys, titles, strict=True))
    ]
    columns = [
        *named,
        Column("runs", [_count(group) for group in groups], 1),
        Column("best", [group.best.text(ascii_only=ascii_only) if group.best else "" for group in groups]),
        Column("test", [group.test.text(ascii_only=ascii_only) if group.test else "" for group in groups], 2),
        Column("findings", [_codes(group) for group in groups], 99, right=False),
    ]
    lines = wrapped(clean(caption, ascii_only=ascii_only), width or 120)
    return [*lines, *grid(columns, width=width, ascii_only=ascii_only, color=color)]


def _group(same: Sequence[tuple[dict[str, Any], Row]]) -> Group:
    rows = tuple(row for _, row in same)
    counted = [row for row in rows if row.status in _SCORED]
    metric = next((row.metric for row in counted if row.metric), "")
    best = [row.best for row in counted if row.metric == metric and row.best is not None and math.isfinite(row.best)]
    test = next((main_test(row) for row in counted if row.test), "")
    tested = [tested_value(row, f"test_{test}") for row in counted] if test else []
    finite = [value for value in tested if value is not None and math.isfinite(value)]
    return Group(same[0][0], rows, metric, Spread.of(best), test, Spread.of(finite))


def _value(record: RunRecord, key: str) -> Any:
    values = values_of(record, key)
    return values[0] if values else None


def _order(group: Group, tested: bool) -> tuple[bool, float]:
    spread, metric = (group.test, group.test_metric) if tested else (group.best, group.metric)
    if spread is None:
        return True, 0.0
    return False, spread.mean if lower_is_better(metric) else -spread.mean


def _count(group: Group) -> str:
    scored = group.best.count if group.best else 0
    return str(len(group.rows)) if scored == len(group.rows) else f"{scored} of {len(group.rows)}"


def _codes(group: Group) -> str:
    return ", ".join(f"{code} in {count}" for code, count in group.codes.items())
