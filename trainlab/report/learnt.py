"""What a sweep has learnt, from its folder alone: which setting mattered, where the good values lie, what the failures
have in common, what stopping early has saved, and where to search next.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from trainlab.core.errors import UserError
from trainlab.report.facts import number, table
from trainlab.report.importance import Importance, importance
from trainlab.report.sweep_record import SweepRecord, TrialRow
from trainlab.report.text import clean
from trainlab.report.text import number as told
from trainlab.store.findings import read_findings
from trainlab.store.strict_json import dumps
from trainlab.store.writing import write_atomic

_FEWEST = 3  # trials with something in common, and without it, before it is told
_MOST = 8  # fates that are told in text
_CLEAN = 0.8  # of the trials on that side, how many must share the fate


@dataclass(frozen=True, slots=True)
class Region:
    """Where the best quarter of the trials lies in one setting, beside all that was tried: its ends, or its options."""

    setting: str
    good: Sequence[Any]
    tried: Sequence[Any]
    options: bool

    @property
    def text(self) -> str:
        """The good values, as people write them."""
        return _spelled(self.good, options=self.options)

    @property
    def tried_text(self) -> str:
        """What was tried."""
        return _spelled(self.tried, options=self.options)


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of several trials, and the setting that tells them from the others, if one does.

    what: a state or a diagnosis · where: `optimizer.lr >= 0.2`, empty if no setting tells them apart · there: how many
    trials lie on that side in all.
    """

    what: str
    trials: int
    of: int
    where: str = ""
    there: int = 0

    @property
    def text(self) -> str:
        """As a sentence: 11 of 40 diverged, all with optimizer.lr >= 0.2."""
        said = f"{self.trials} of {self.of} {self.what}"
        if not self.where:
            return said
        return f"{said}, all with {self.where}" + (f" ({self.there} such trials)" if self.there > self.trials else "")


@dataclass(frozen=True, slots=True)
class Learnt:
    """What is known after a sweep. epochs: those that all trials took · whole: had each been trained to its end."""

    importance: Importance
    regions: Sequence[Region]
    fates: Sequence[Fate]
    epochs: int
    whole: int
    findings: Sequence[dict[str, Any]]

    @property
    def saved(self) -> float:
        """The share of epochs that were not trained."""
        return max(0.0, 1 - self.epochs / self.whole) if self.whole else 0.0

    def as_dict(self) -> dict[str, Any]:
        """As JSON would have it."""
        found = self.importance
        return {
            "importance": {
                "method": found.method,
                "shares": dict(found.shares),
                "standard_errors": dict(found.errors),
                "explained_variance": found.fit,
                "trials": found.trials,
                "note": found.note,
            },
            "good_region": {r.setting: {"good": list(r.good), "tried": list(r.tried)} for r in self.regions},
            "fates": [
                {"what": f.what, "trials": f.trials, "of": f.of, "where": f.where, "there": f.there} for f in self.fates
            ],
            "epochs": {"trained": self.epochs, "whole": self.whole, "saved": self.saved},
            "findings": list(self.findings),
        }

    def lines(self) -> list[str]:
        """As people read it; nothing of what is not known."""
        lines: list[str] = []
        found = self.importance
        if found.shares:
            shares = ", ".join(f"{clean(name)} {share:.0%}" for name, share in list(found.shares.items())[:5])
            lines.append(f"what mattered: {shares}")
            lines.append(f"  by {found.method}" + (f"; {found.note}" if found.note else ""))
        elif found.note:
            lines.append(f"what mattered cannot be told: {found.note}")
        if self.regions:
            width = min(30, max(len(r.setting) for r in self.regions))
            lines.append("the best quarter of the trials:")
            lines += [f"  {clean(r.setting):<{width}}  {clean(r.text)}  of {clean(r.tried_text)}" for r in self.regions]
        lines += [clean(fate.text) for fate in self.fates[:_MOST]]
        if self.saved >= 0.01:
            lines.append(f"epochs: {self.epochs} instead of {self.whole}, {self.saved:.0%} saved")
        lines += [f"{one['code']}: {clean(str(one['message']))}" for one in self.findings]
        return lines


def learnt(sweep: SweepRecord) -> Learnt:
    """What the trials of a sweep tell together."""
    return Learnt(what_mattered(sweep), regions(sweep), fates(sweep), *_epochs(sweep), _findings(sweep.path))


def keep(sweep: SweepRecord, found: Learnt) -> Path:
    """Write it into the sweep's folder as learnt.json. Raises UserError if it cannot be written."""
    path = sweep.path / "learnt.json"
    write_atomic(path, dumps(found.as_dict()).encode())
    return path


@lru_cache(maxsize=4)
def what_mattered(sweep: SweepRecord) -> Importance:
    """The importance of the sweep's settings; diverged trials count as the worst."""
    trials = [t for t in sweep.trials if (t.status == "finished" and t.score is not None) or t.status == "diverged"]
    cells = {name: [t.values.get(name) for t in trials] for name in sweep.parameters}
    scores = [t.score if t.score is not None and t.status == "finished" else math.nan for t in trials]
    logs = [name for name in sweep.parameters if log_axis(sweep, name)]
    return importance(cells, scores, lower=sweep.lower, log=logs)


def good(sweep: SweepRecord) -> list[TrialRow]:
    """The best quarter of the scored trials, three at least."""
    return sweep.ranked[: max(3, len(sweep.ranked) // 4)]


def is_number(sweep: SweepRecord, parameter: str) -> bool:
    """Whether every trial's value of a parameter is a number."""
    cells = [t.values.get(parameter) for t in sweep.trials]
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in cells if v is not None)


def log_axis(sweep: SweepRecord, parameter: str) -> bool:
    """Whether a parameter belongs on a logarithmic axis: drawn so, and all its values above zero."""
    cells = [t.values.get(parameter) for t in sweep.trials if t.values.get(parameter) is not None]
    return sweep.is_log(parameter) and all(isinstance(v, int | float) and v > 0 for v in cells)


def regions(sweep: SweepRecord) -> list[Region]:
    """The good region of every setting, once there are enough trials for a quarter of them to mean something."""
    if len(sweep.ranked) < 4:
        return []
    found: list[Region] = []
    for name in sweep.parameters:
        best, tried = (_known(trials, name) for trials in (good(sweep), sweep.trials))
        if not best:
            continue
        if is_number(sweep, name):
            found.append(Region(name, (min(best), max(best)), (min(tried), max(tried)), options=False))
        else:
            found.append(Region(name, _different(best), _different(tried), options=True))
    return found


def fates(sweep: SweepRecord) -> list[Fate]:
    """What befell three trials or more: how they ended if not well, and each diagnosis; the most frequent first."""
    trials = [t for t in sweep.trials if t.status not in ("", "running", "interrupted")]
    by: dict[str, set[int]] = {}
    for trial in trials:
        if trial.status in ("diverged", "failed"):
            by.setdefault(trial.status, set()).add(trial.number)
        for code in str(trial.facts.get("diagnoses") or "").split():
            by.setdefault(f"said {code}", set()).add(trial.number)
    if "diverged" in by:
        by.pop("said diverged", None)
    told_of = sorted(by.items(), key=lambda item: (item[0].startswith("said"), -len(item[1]), item[0]))
    return [_fate(sweep, what, numbers, trials) for what, numbers in told_of if len(numbers) >= _FEWEST]


def _fate(sweep: SweepRecord, what: str, numbers: set[int], trials: Sequence[TrialRow]) -> Fate:
    """The fate of these trials, and the setting that tells them from the others best: all of them lie on one side of
    a value, or have one option, and few others do.
    """
    mine, others = ([t for t in trials if (t.number in numbers) is wanted] for wanted in (True, False))
    best = Fate(what, len(mine), len(trials))
    if len(others) < _FEWEST:
        return best
    for name in sweep.parameters:
        here, there = _known(mine, name), _known(others, name)
        if len(here) < len(mine):
            continue
        sides: list[tuple[str, int]] = []
        if is_number(sweep, name):
            low, high = min(here), max(here)
            sides = [
                (f"{name} >= {told(low)}", sum(v >= low for v in there)),
                (f"{name} <= {told(high)}", sum(v <= high for v in there)),
            ]
        elif len(options := _different(here)) == 1:
            sides = [(f"{name} {_text(options[0])}", sum(v == options[0] for v in there))]
        for where, beyond in sides:
            count = len(mine) + beyond
            if len(mine) / count >= _CLEAN and (not best.where or count < best.there):
                best = replace(best, where=where, there=count)
    return best


def _epochs(sweep: SweepRecord) -> tuple[int, int]:
    """The epochs that all trials took that have ended, and those of as many full ones; (0, 0) where a full one has no
    one length.
    """
    length = number(table(sweep.config, "train"), "epochs")
    if length is None or "train.epochs" in sweep.space:
        return 0, 0
    each = (number(sweep.settings, "repeats") or 1) * (number(sweep.settings, "folds") or 1)
    ended = [t for t in sweep.trials if t.status in ("finished", "stopped", "diverged")]
    return sum(int(number(t.facts, "epochs") or 0) for t in ended), int(len(ended) * length * each)


def _findings(folder: Path) -> list[dict[str, Any]]:
    """What was said of the sweep as a whole, edge-of-range and suspicious-fold among it."""
    try:
        return read_findings(folder / "findings.jsonl")
    except UserError:
        return []


def _known(trials: Sequence[TrialRow], name: str) -> list[Any]:
    return [t.values[name] for t in trials if t.values.get(name) is not None]


def _different(values: Sequence[Any]) -> list[Any]:
    """Each value once, in the order in which they come."""
    return list({_text(v): v for v in values}.values())


def _text(value: Any) -> str:
    return value if isinstance(value, str) else dumps(value)


def _spelled(values: Sequence[Any], *, options: bool) -> str:
    return ", ".join(map(_text, values)) if options else f"{told(values[0])} to {told(values[1])}"
