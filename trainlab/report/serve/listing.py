"""The runs, sweeps and tunes of a folder at one moment, and those of them that a view asks for."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trainlab.core.dotted import flat
from trainlab.core.errors import UserError
from trainlab.core.metric_names import lower_is_better
from trainlab.report.compare import shown
from trainlab.report.findings import rank
from trainlab.report.rows import Row, main_test
from trainlab.report.select import is_rule, selected
from trainlab.report.serve.view import View
from trainlab.report.table import diagnoses
from trainlab.store.index import Index
from trainlab.store.reading import RunRecord


@dataclass(slots=True)
class Listing:
    """rows: all runs, those of sweeps and tunes too, the oldest first · sweeps, tunes: their names · version: changes
    with them · at, took: when it was made and how much CPU time that took, in seconds.
    """

    root: Path
    rows: list[Row]
    sweeps: list[str]
    tunes: list[str]
    version: str
    at: float
    took: float
    texts: dict[str, str] = field(default_factory=dict[str, str])  # what is searched in a run, see `keep`
    _trials: dict[str, list[Row]] = field(default_factory=dict[str, list[Row]])

    def keep(self, before: "Listing") -> None:
        """Take over what an older listing has read of runs that are as they were."""
        old = {row.name: row for row in before.rows}
        self.texts = {r.name: before.texts[r.name] for r in self.rows if r.name in before.texts and old[r.name] == r}

    def runs(self, *, trials: bool = False) -> list[Row]:
        """The runs in the folder, and those of its sweeps and tunes if wanted."""
        return [row for row in self.rows if trials or "/" not in row.name]

    def trials(self, sweep: str) -> list[Row]:
        """The runs of a sweep or tune."""
        if not self._trials:
            for row in self.rows:
                name, inside, _ = row.name.partition("/")
                if inside:
                    self._trials.setdefault(name, []).append(row)
        return self._trials.get(sweep, [])

    def best(self, sweep: str) -> Row | None:
        """The best run of a sweep or tune, None if none has a score."""
        scored = [row for row in self.trials(sweep) if _KEYS["best"](row) is not None]
        return min(scored, key=_KEYS["best"], default=None)

    def found(self, view: View) -> tuple[list[Row], str]:
        """The runs of a view in its order, and what is wrong with its filter. Chosen ones are always among them."""
        rows, problem = self._matching(self.runs(trials=view.trials), view.filter)
        names = {row.name for row in rows}
        rows += [row for row in self.rows if row.name in view.chosen and row.name not in names]
        key = _KEYS[view.sort.removeprefix("-")]
        have = sorted((row for row in rows if key(row) is not None), key=key, reverse=view.sort.startswith("-"))
        return [*have, *(row for row in rows if key(row) is None)], problem

    def named(self, names: Sequence[str], view: View) -> list[str]:
        """The names that have every word of the filter, and the chosen ones."""
        words = view.filter.lower().split()
        return [name for name in names if name in view.chosen or all(word in name.lower() for word in words)]

    def chosen(self, view: View) -> tuple[list[str], list[str]]:
        """The names of the chosen runs that there are, the best run for a sweep or tune, and those that are not."""
        known = {row.name for row in self.rows}
        there: list[str] = []
        missing: list[str] = []
        for name in view.chosen:
            best = self.best(name) if name in self.sweeps or name in self.tunes else None
            if best is not None or name in known:
                there.append(best.name if best else name)
            else:
                missing.append(name)
        return list(dict.fromkeys(there)), missing

    def _matching(self, rows: list[Row], asked: str) -> tuple[list[Row], str]:
        words = [word.lower() for word in asked.split() if not is_rule(word)]
        rules = [word for word in asked.split() if is_rule(word)]
        if not words and not rules:
            return rows, ""
        with Index(self.root) as index:
            records = {row.name: RunRecord(Path(row.path), row.name, index) for row in rows}
            if words:
                rows = [row for row in rows if all(word in self._text(row, records[row.name]) for word in words)]
            try:
                kept = {record.name for record in selected([records[row.name] for row in rows], rules)}
            except UserError as error:
                return [], str(error).removeprefix("--where ")
        return [row for row in rows if row.name in kept], ""

    def _text(self, row: Row, record: RunRecord) -> str:
        """What the words of a filter are looked for in: name, state, findings and settings."""
        if row.name not in self.texts:
            settings = [f"{key}={shown(value)}" for key, value in flat(record.config).items()]
            record.forget()
            self.texts[row.name] = "\n".join([row.name, row.status, row.metric, diagnoses(row), *settings]).lower()
        return self.texts[row.name]


def _score(name: str, value: float | None) -> tuple[str, float] | None:
    """Smaller is better; runs that other metrics decide stand apart."""
    if value is None or math.isnan(value):
        return None
    return name, value if lower_is_better(name) else -value


def _worst(findings: Sequence[dict[str, Any]]) -> tuple[int, int] | None:
    """The runs with the worst finding first, of those the ones with most."""
    ranks = [rank(str(found.get("severity"))) for found in findings]
    return (min(ranks), -len(ranks)) if ranks else None


_KEYS: dict[str, Callable[[Row], Any]] = {
    "name": lambda row: row.name,
    "started": lambda row: row.started or None,
    "state": lambda row: row.status,
    "epochs": lambda row: row.epoch,
    "best": lambda row: _score(row.metric, row.best),
    "test": lambda row: _score(main_test(row), row.test.get(main_test(row))),
    "time": lambda row: row.seconds,
    "findings": lambda row: _worst(row.findings),
}
