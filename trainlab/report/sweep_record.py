"""One sweep, read from its folder: trials.csv by columns, the search space, the trials."""

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from trainlab.core.errors import UserError
from trainlab.core.metric_names import lower_is_better
from trainlab.store.plain_yaml import read_config
from trainlab.store.rows import read_trials, sampled_value


@dataclass(frozen=True, slots=True)
class TrialRow:
    """A trial: its number, how it ended, what was drawn, its score (None if it has none), and every other column."""

    number: int
    status: str
    values: dict[str, Any]
    score: float | None
    facts: dict[str, Any]


class SweepRecord:
    """A sweep's folder, read lazily; `problem` names what cannot be read."""

    def __init__(self, path: Path, name: str = "") -> None:
        self.path, self.name = path, name or path.resolve().name
        self.problem = ""

    @cached_property
    def config(self) -> dict[str, Any]:
        """sweep.yaml as plain data."""
        return self._read(read_config, "sweep.yaml")

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The part `sweep` of the config."""
        found = self.config.get("sweep")
        return cast("dict[str, Any]", found) if isinstance(found, dict) else {}

    @property
    def metric(self) -> str:
        """The metric of the search."""
        return str(self.settings.get("metric") or "val_accuracy")

    @property
    def lower(self) -> bool:
        """Whether less is better."""
        return lower_is_better(self.metric)

    @cached_property
    def table(self) -> dict[str, list[Any]]:
        """trials.csv by columns."""
        return self._read(read_trials, "trials.csv")

    @cached_property
    def space(self) -> dict[str, Any]:
        """The distribution of each parameter, as the config has it."""
        found = self.settings.get("space")
        if isinstance(found, dict):
            return cast("dict[str, Any]", found)
        return {name: None for name in self.table if "." in name}

    @cached_property
    def parameters(self) -> list[str]:
        """The searched parameters that have a column, and more than one value in it."""
        return [name for name in self.space if len({str(v) for v in self.table.get(name, [])}) > 1]

    def is_log(self, parameter: str) -> bool:
        """Whether a parameter was drawn on a logarithmic scale."""
        spelled = self.space.get(parameter)
        table = cast("dict[str, Any]", spelled) if isinstance(spelled, dict) else {}
        return table.get("name") == "log" or table.get("log") is True or isinstance(table.get("log"), list)

    @cached_property
    def trials(self) -> list[TrialRow]:
        """The trials in order."""
        columns = self.table
        count = len(columns.get("trial", []))
        made: list[TrialRow] = []
        for i in range(count):
            row = {name: cells[i] for name, cells in columns.items()}
            values = {name: sampled_value(row[name]) for name in self.parameters}
            facts = {k: v for k, v in row.items() if k not in values}
            status = str(row.get("status") or "")
            made.append(TrialRow(int(row["trial"]), status, values, _number(row.get(self.metric)), facts))
        return made

    @cached_property
    def ranked(self) -> list[TrialRow]:
        """The finished trials that have a score, the best first."""
        sign = 1.0 if self.lower else -1.0
        scored = [t for t in self.trials if t.score is not None and t.status == "finished"]
        return sorted(scored, key=lambda t: (sign * cast("float", t.score), t.number))

    def _read(self, read: Any, name: str) -> dict[str, Any]:
        try:
            return read(self.path / name)
        except UserError as error:
            self.problem = f"{self.problem}; {error}".removeprefix("; ")
            return {}


def _number(cell: Any) -> float | None:
    return float(cell) if isinstance(cell, int | float) and math.isfinite(cell) else None
