"""`--require`: what runs must have reached, and by how much each missed it. For CI.

val_accuracy>=0.97      the best value of a column of metrics.csv (best_val_accuracy says the same)
last_val_loss<0.1       its last value
test_accuracy>0.95      a metric on the test rows
seconds<60, epoch>=10   how long it took, how far it came
state==finished         how it ended
no warning              no diagnosis of this severity or a worse one
no overfitting          no diagnosis of this code
"""

import math
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from trainlab.core.errors import UserError
from trainlab.core.problem import listed, nearest
from trainlab.report.found import SEVERITIES, rank
from trainlab.report.rows import row_of, tested_value
from trainlab.report.text import number
from trainlab.store.columns import METRICS_OF, metric_columns
from trainlab.store.reading import RunRecord
from trainlab.store.status import STATES

_NO = re.compile(r"\s*no\s+(\S+)\s*", re.IGNORECASE)
_RULE = re.compile(r"\s*([^=<>!\s]+)\s*(<=|>=|!=|==|=|<|>)\s*(\S+)\s*")
_HOW = (
    "expected METRIC>=NUMBER (or > <= < == !=), `state==finished`, or `no error`, `no warning`, `no info` or `no CODE`"
)
_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
    "!=": operator.ne,
}
_COUNTED = ("seconds", "epoch", "step")
_SEEN_STATES = (*STATES, "killed", "half-written", "unreadable")


@dataclass(frozen=True, slots=True)
class Requirement:
    """What must hold: `name` compared by `sign` with `bound`; of a diagnosis (`sign` is "no") that there is none."""

    text: str
    name: str
    sign: str
    bound: float | str


@dataclass(frozen=True, slots=True)
class Check:
    """A requirement held against a run. `missed` is by how much, where that is a number; `message` says all of it."""

    run: str
    require: str
    met: bool
    value: Any
    missed: float | None
    message: str

    def as_dict(self) -> dict[str, Any]:
        """The check as plain data."""
        return {f: getattr(self, f) for f in self.__slots__}


def parse(texts: Sequence[str]) -> list[Requirement]:
    """The requirements. Raises UserError if one cannot be read."""
    return [_parsed(text) for text in texts]


def held(requirements: Sequence[Requirement], records: Sequence[RunRecord]) -> list[Check]:
    """Every requirement against every run, run by run.

    Raises UserError with the nearest names if a requirement names what no run could have.
    """
    for requirement in requirements:
        if requirement.sign == "no":
            _check_code(requirement, records)
        elif requirement.name != "state":
            _check_name(requirement, records)
    return [_held(requirement, record) for record in records for requirement in requirements]


def told(checks: Sequence[Check]) -> list[str]:
    """A line for each check, those that were missed first, and a last one that counts them."""
    ordered = sorted(checks, key=lambda check: check.met)
    missed = sum(not check.met for check in checks)
    lines = [f"{'met   ' if check.met else 'MISSED'}  {check.run}: {check.message}" for check in ordered]
    many = f"all {len(checks)} requirements are met" if len(checks) > 1 else "the requirement is met"
    return [*lines, f"{missed} of {len(checks)} requirements missed" if missed else many]


def _parsed(text: str) -> Requirement:
    if match := _NO.fullmatch(text):
        return Requirement(text.strip(), match[1].lower(), "no", "")
    match = _RULE.fullmatch(text)
    if match is None:
        raise UserError(f"--require {text}: {_HOW}")
    name, sign, bound = match[1], "==" if match[2] == "=" else match[2], match[3]
    if name in ("state", "status"):
        if sign not in ("==", "!=") or bound not in _SEEN_STATES:
            near = nearest(bound, _SEEN_STATES)
            meant = f"; did you mean `{near}`?" if near and near != bound else ""
            raise UserError(f"--require {text}: expected state== or state!= {listed(_SEEN_STATES)}{meant}")
        return Requirement(text.strip(), "state", sign, bound)
    try:
        value = float(bound.removesuffix("%")) / (100 if bound.endswith("%") else 1)
    except ValueError:
        value = math.nan
    if math.isnan(value):
        raise UserError(f"--require {text}: `{bound}` is no number; {_HOW}")
    return Requirement(text.strip(), name, sign, value)


def _held(requirement: Requirement, record: RunRecord) -> Check:
    name, sign, bound = requirement.name, requirement.sign, requirement.bound
    if sign == "no":
        found = [code for code, severity in record.codes if name in SEVERITIES and rank(severity) <= rank(name)]
        found += [code for code, _ in record.codes if code == name]
        said = f"{requirement.text}: " + (f"found {', '.join(dict.fromkeys(found))}" if found else "none")
        return Check(record.name, requirement.text, not found, list(dict.fromkeys(found)), None, said)
    if name == "state":
        met = _SIGNS[sign](record.state, bound)
        return Check(
            record.name, requirement.text, met, record.state, None, f"{requirement.text}: it is {record.state}"
        )
    value = value_of(record, name)
    if value is None:
        return Check(record.name, requirement.text, False, None, None, f"{requirement.text}: the run has no {name}")
    met = not math.isnan(value) and _SIGNS[sign](value, bound)
    away = abs(value - float(bound))
    by = "" if not math.isfinite(away) else f", {'with' if met else 'missed by'} {number(away)}{' to spare' * met}"
    said = f"{requirement.text}: {number(value)}" + ("" if met and sign in ("==", "!=") else by)
    return Check(record.name, requirement.text, met, value, None if met else away, said)


def value_of(record: RunRecord, name: str) -> float | None:
    """What a requirement's name stands for in a run, None if the run has no such number."""
    if name in _COUNTED:
        value = getattr(record.status, name) if record.status else record.last.get(name)
        return None if value is None else float(value)
    if name.startswith(("test_", "test.")):
        return tested_value(row_of(record, brief=True), name)
    best, _, last = record.scores.get(_bare(name), (None, None, None))
    return last if name.startswith("last_") else best


def _bare(name: str) -> str:
    return name.removeprefix("best_").removeprefix("last_")


def _check_name(requirement: Requirement, records: Sequence[RunRecord]) -> None:
    """Raises UserError if no run could have a number of this name."""
    if any(value_of(record, requirement.name) is not None for record in records):
        return
    columns = {c for task in METRICS_OF for c in metric_columns(task)} | {c for r in records for c in r.scores}
    tests = {f"test_{m.removeprefix('test_')}" for r in records for m in (r.status.test if r.status else {})}
    tests |= {"test_loss", *(f"test_{score}" for score in METRICS_OF.values())}
    known = sorted({*columns, *tests, *_COUNTED, "state"})
    name = requirement.name
    if name.replace("test.", "test_", 1) in known or (_bare(name) in columns and _bare(name) != name):
        return
    near = nearest(name, known)
    meant = f"did you mean `{near}`? " if near else ""
    raise UserError(
        f"--require {requirement.text}: no run has `{name}`; {meant}There are {', '.join(known)}, "
        "and best_ or last_ before any column of metrics.csv"
    )


def _check_code(requirement: Requirement, records: Sequence[RunRecord]) -> None:
    """Raises UserError if there is no such severity or code."""
    name = requirement.name
    if name in SEVERITIES or any(name == code for record in records for code, _ in record.codes):
        return
    from trainlab.core.component import registered
    from trainlab.diagnose.monitor import Monitor

    codes = sorted(monitor.name for monitor in registered(Monitor))
    if name in codes:
        return
    near = nearest(name, [*SEVERITIES, *codes])
    meant = f"; did you mean `no {near}`?" if near else f"; choose one of {', '.join([*SEVERITIES, *codes])}"
    raise UserError(f"--require {requirement.text}: there is no diagnosis of this name{meant}")
