"""Insights of a sweep, from its folder alone: the importance of each setting, the range of good values, what failed
trials have in common, and what early stopping has saved.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from trainlab.core.errors import UserError
from trainlab.report.importance import Importance, importance
from trainlab.report.json_fields import number, table
from trainlab.report.sweep_record import SweepRecord, TrialRow
from trainlab.report.text import clean
from trainlab.report.text import number as shortened
from trainlab.store.findings import read_findings
from trainlab.store.strict_json import dumps
from trainlab.store.writing import write_atomic

_FEWEST = 3  # trials with a failure, and without it, before a pattern is reported
_MOST = 8  # failure patterns in text
_FOUND = "had the finding"
_CLEAN = 0.8  # least share of the trials on a side of a value that have the failure


@dataclass(frozen=True, slots=True)
class GoodRange:
    """The values of one setting in the best quarter of the trials, and in all trials: its ends, or options."""

    setting: str
    good: Sequence[Any]
    tried: Sequence[Any]
    options: bool

    @property
    def text(self) -> str:
        """The good values as text."""
        return _spelled(self.good, options=self.options)

    @property
    def tried_text(self) -> str:
        """The values of all trials as text."""
        return _spelled(self.tried, options=self.options)


@dataclass(frozen=True, slots=True)
class FailurePattern:
    """A failure of several trials, and the setting that separates them from the others, if there is one.

    what: a state, or a finding's code · trials, of: how many of how many trials · where: `optimizer.lr >= 0.2`, empty
    if no setting separates them · there: all trials on that side.
    """

    what: str
    trials: int
    of: int
    where: str = ""
    there: int = 0

    @property
    def text(self) -> str:
        """As a sentence: 11 of 40 diverged, all with optimizer.lr >= 0.2."""
        head = f"{self.trials} of {self.of} {self.what}"
        if not self.where:
            return head
        return f"{head}, all with {self.where}" + (f" ({self.there} such trials)" if self.there > self.trials else "")


@dataclass(frozen=True, slots=True)
class Insights:
    """Insights of a sweep. epochs: trained in all trials · full_epochs: had every trial been trained to its end."""

    importance: Importance
    ranges: Sequence[GoodRange]
    failures: Sequence[FailurePattern]
    epochs: int
    full_epochs: int
    findings: Sequence[dict[str, Any]]

    @property
    def saved(self) -> float:
        """The share of epochs that were not trained."""
        return max(0.0, 1 - self.epochs / self.full_epochs) if self.full_epochs else 0.0

    def as_dict(self) -> dict[str, Any]:
        """As plain data, the content of learnt.json."""
        found = self.importance
        failures = [
            {"what": f.what, "trials": f.trials, "of": f.of, "where": f.where, "there": f.there} for f in self.failures
        ]
        return {
            "importance": {
                "method": found.method,
                "shares": dict(found.shares),
                "standard_errors": dict(found.errors),
                "explained_variance": found.fit,
                "trials": found.trials,
                "note": found.note,
            },
            "good_region": {r.setting: {"good": list(r.good), "tried": list(r.tried)} for r in self.ranges},
            "fates": failures,
            "epochs": {"trained": self.epochs, "whole": self.full_epochs, "saved": self.saved},
            "findings": list(self.findings),
        }

    def lines(self) -> list[str]:
        """As text; unknown parts are left out."""
        lines: list[str] = []
        found = self.importance
        if found.shares:
            shares = ", ".join(f"{clean(name)} {share:.0%}" for name, share in list(found.shares.items())[:5])
            lines.append(f"importance: {shares}")
            lines.append(f"  by {found.method}" + (f"; {found.note}" if found.note else ""))
        elif found.note:
            lines.append(f"importance unknown: {found.note}")
        if self.ranges:
            width = min(30, max(len(r.setting) for r in self.ranges))
            lines.append("the best quarter of the trials:")
            lines += [f"  {clean(r.setting):<{width}}  {clean(r.text)}  of {clean(r.tried_text)}" for r in self.ranges]
        lines += [clean(fate.text) for fate in self.failures[:_MOST]]
        if self.saved >= 0.01:
            lines.append(f"epochs: {self.epochs} instead of {self.full_epochs}, {self.saved:.0%} saved")
        lines += [f"{one['code']}: {clean(str(one['message']))}" for one in self.findings]
        return lines


def insights(sweep: SweepRecord) -> Insights:
    """The insights of a sweep."""
    return Insights(
        setting_importance(sweep), good_ranges(sweep), failure_patterns(sweep), *_epochs(sweep), _findings(sweep.path)
    )


def write_insights(sweep: SweepRecord, found: Insights) -> Path:
    """Write them into the sweep's folder as learnt.json. Raises UserError if the file cannot be written."""
    path = sweep.path / "learnt.json"
    write_atomic(path, dumps(found.as_dict()).encode())
    return path


@lru_cache(maxsize=4)
def setting_importance(sweep: SweepRecord) -> Importance:
    """The importance of the sweep's settings; diverged trials count as the worst."""
    trials = [t for t in sweep.trials if (t.status == "finished" and t.score is not None) or t.status == "diverged"]
    cells = {name: [t.values.get(name) for t in trials] for name in sweep.parameters}
    scores = [t.score if t.score is not None and t.status == "finished" else math.nan for t in trials]
    logs = [name for name in sweep.parameters if log_axis(sweep, name)]
    return importance(cells, scores, lower=sweep.lower, log=logs)


def good(sweep: SweepRecord) -> list[TrialRow]:
    """The best quarter of the scored trials, at least three."""
    return sweep.ranked[: max(3, len(sweep.ranked) // 4)]


def is_number(sweep: SweepRecord, parameter: str) -> bool:
    """Whether every trial's value of a parameter is a number."""
    cells = [t.values.get(parameter) for t in sweep.trials]
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in cells if v is not None)


def log_axis(sweep: SweepRecord, parameter: str) -> bool:
    """Whether a parameter needs a logarithmic axis: sampled on a logarithmic scale, and its values 0 or above."""
    cells = [t.values.get(parameter) for t in sweep.trials if t.values.get(parameter) is not None]
    numbers = [v for v in cells if isinstance(v, int | float) and v >= 0]
    return sweep.is_log(parameter) and len(numbers) == len(cells) and any(numbers)


def zero_on_log(sweep: SweepRecord, parameter: str) -> float:
    """Where 0 stands on a logarithmic axis: a third of a decade below the smallest other value."""
    least = min(v for t in sweep.trials if (v := t.values.get(parameter)))
    return float(f"{least / 10 ** (1 / 3):.3g}")  # as short as charts have it


def good_ranges(sweep: SweepRecord) -> list[GoodRange]:
    """The good range of every setting; empty for fewer than four scored trials."""
    if len(sweep.ranked) < 4:
        return []
    found: list[GoodRange] = []
    for name in sweep.parameters:
        best, tried = (_known(trials, name) for trials in (good(sweep), sweep.trials))
        if not best:
            continue
        if is_number(sweep, name):
            found.append(GoodRange(name, (min(best), max(best)), (min(tried), max(tried)), options=False))
        else:
            found.append(GoodRange(name, _different(best), _different(tried), options=True))
    return found


def failure_patterns(sweep: SweepRecord) -> list[FailurePattern]:
    """Failures of three trials or more: bad ends first, then findings, the most frequent first."""
    trials = [t for t in sweep.trials if t.status not in ("", "running", "interrupted")]
    by: dict[str, set[int]] = {}
    for trial in trials:
        if trial.status in ("diverged", "failed"):
            by.setdefault(trial.status, set()).add(trial.number)
        for code in str(trial.facts.get("diagnoses") or "").split():
            by.setdefault(f"{_FOUND} {code}", set()).add(trial.number)
    if "diverged" in by:
        by.pop(f"{_FOUND} diverged", None)
    ordered = sorted(by.items(), key=lambda item: (item[0].startswith(_FOUND), -len(item[1]), item[0]))
    return [_pattern(sweep, what, numbers, trials) for what, numbers in ordered if len(numbers) >= _FEWEST]


def _pattern(sweep: SweepRecord, what: str, numbers: set[int], trials: Sequence[TrialRow]) -> FailurePattern:
    """The pattern of these trials, with the setting that separates them best from the others: all of them lie on one
    side of a value, or have one option, and few others do.
    """
    mine, others = ([t for t in trials if (t.number in numbers) is wanted] for wanted in (True, False))
    best = FailurePattern(what, len(mine), len(trials))
    if len(others) < _FEWEST:
        return best
    for name in sweep.parameters:
        values, other_values = _known(mine, name), _known(others, name)
        if len(values) < len(mine):
            continue
        sides: list[tuple[str, int]] = []
        if is_number(sweep, name):
            low, high = min(values), max(values)
            sides = [
                (f"{name} >= {shortened(low)}", sum(v >= low for v in other_values)),
                (f"{name} <= {shortened(high)}", sum(v <= high for v in other_values)),
            ]
        elif len(options := _different(values)) == 1:
            sides = [(f"{name} {_text(options[0])}", sum(v == options[0] for v in other_values))]
        for where, beyond in sides:
            count = len(mine) + beyond
            if len(mine) / count >= _CLEAN and (not best.where or count < best.there):
                best = replace(best, where=where, there=count)
    return best


def _epochs(sweep: SweepRecord) -> tuple[int, int]:
    """The epochs of all ended trials, and of as many full trials; (0, 0) where the full length is searched."""
    length = number(table(sweep.config, "train"), "epochs")
    if length is None or "train.epochs" in sweep.space:
        return 0, 0
    each = (number(sweep.settings, "repeats") or 1) * (number(sweep.settings, "folds") or 1)
    ended = [t for t in sweep.trials if t.status in ("finished", "stopped", "diverged")]
    trained = [value for t in ended if (value := number(t.facts, "epochs")) is not None and math.isfinite(value)]
    return int(sum(trained)), int(len(ended) * length * each)


def _findings(folder: Path) -> list[dict[str, Any]]:
    """The findings about the sweep as a whole, such as edge-of-range and suspicious-fold."""
    try:
        return read_findings(folder / "findings.jsonl")
    except UserError:
        return []


def _known(trials: Sequence[TrialRow], name: str) -> list[Any]:
    return [t.values[name] for t in trials if t.values.get(name) is not None]


def _different(values: Sequence[Any]) -> list[Any]:
    """Each value once, in order."""
    return list({_text(v): v for v in values}.values())


def _text(value: Any) -> str:
    return value if isinstance(value, str) else dumps(value)


def _spelled(values: Sequence[Any], *, options: bool) -> str:
    return ", ".join(map(_text, values)) if options else f"{shortened(values[0])} to {shortened(values[1])}"
