"""`--require`: requirements on runs, for CI, and by how much a run misses one.

val_accuracy>=0.97      the best value of a column of metrics.csv (also: best_val_accuracy)
best>=0.97              the best value of the metric that decides which epoch of the run is the best (`train.best`)
last_val_loss<0.1       its last value
test_accuracy>0.95      a metric of the test split
seconds<60, epoch>=10   the training time, the last epoch
state==finished         how the run ended
no warning              no finding of this severity or worse
no overfitting          no finding of this code
"""

import math
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from trainlab.core.errors import UserError
from trainlab.core.problem import listed, nearest
from trainlab.diagnose.finding import SEVERITIES
from trainlab.report.findings import rank
from trainlab.report.rows import BEST, row_of, tested_value
from trainlab.report.text import number
from trainlab.store.columns import METRICS_OF, metric_columns
from trainlab.store.reading import RunRecord
from trainlab.store.status import STATES

_NO = re.compile(r"\s*no\s+(\S+)\s*", re.IGNORECASE)
_RULE = re.compile(r"\s*([^=<>!\s]+)\s*(<=|>=|!=|==|=|<|>)\s*(\S+)\s*")
_EXPECTED = (
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
    """`name` compared by `sign` with `bound`; with the sign "no", that there is no finding of this name."""

    text: str
    name: str
    sign: str
    bound: float | str


@dataclass(frozen=True, slots=True)
class Check:
    """A requirement checked against a run. `missed`: by how much, where that is a number · `message`: all of it."""

    run: str
    require: str
    passed: bool
    value: Any
    missed: float | None
    message: str

    def as_dict(self) -> dict[str, Any]:
        """The check as plain data; `passed` keeps its older name `met` there."""
        return {"met" if f == "passed" else f: getattr(self, f) for f in self.__slots__}


def parse(texts: Sequence[str]) -> list[Requirement]:
    """The requirements. Raises UserError if one cannot be read."""
    return [_parse(text) for text in texts]


def check_all(requirements: Sequence[Requirement], records: Sequence[RunRecord]) -> list[Check]:
    """Check every requirement against every run, run by run.

    Raises UserError with the nearest names if a requirement names something that no run can have.
    """
    for requirement in requirements:
        if requirement.sign == "no":
            _refuse_unknown_code(requirement, records)
        elif requirement.name != "state":
            _refuse_unknown_name(requirement, records)
    return [_check(requirement, record) for record in records for requirement in requirements]


def check_lines(checks: Sequence[Check]) -> list[str]:
    """A line for each check, the failed ones first, and a last line with their number."""
    ordered = sorted(checks, key=lambda check: check.passed)
    failed = sum(not check.passed for check in checks)
    lines = [f"{'passed' if check.passed else 'FAILED'}  {check.run}: {check.message}" for check in ordered]
    all_passed = f"all {len(checks)} requirements passed" if len(checks) > 1 else "the requirement passed"
    return [*lines, f"{failed} of {len(checks)} requirements failed" if failed else all_passed]


def _parse(text: str) -> Requirement:
    if match := _NO.fullmatch(text):
        return Requirement(text.strip(), match[1].lower(), "no", "")
    match = _RULE.fullmatch(text)
    if match is None:
        raise UserError(f"--require {text}: {_EXPECTED}")
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
        raise UserError(f"--require {text}: `{bound}` is not a number; {_EXPECTED}")
    return Requirement(text.strip(), name, sign, value)


def _check(requirement: Requirement, record: RunRecord) -> Check:
    name, sign, bound, text = requirement.name, requirement.sign, requirement.bound, requirement.text
    if sign == "no":
        codes = [code for code, severity in record.codes if name in SEVERITIES and rank(severity) <= rank(name)]
        codes += [code for code, _ in record.codes if code == name]
        codes = list(dict.fromkeys(codes))
        result = f"found {', '.join(codes)}" if codes else "none"
        return Check(record.name, text, not codes, codes, None, f"{text}: {result}")
    if name == "state":
        passed = _SIGNS[sign](record.state, bound)
        return Check(record.name, text, passed, record.state, None, f"{text}: it is {record.state}")
    value = value_of(record, name)
    if value is None:
        return Check(record.name, text, False, None, None, f"{text}: the run has no {name}")
    passed = not math.isnan(value) and _SIGNS[sign](value, bound)
    margin = abs(value - float(bound))
    message = f"{text}: {number(value)}"
    if math.isfinite(margin) and not (passed and sign in ("==", "!=")):
        message += f", with {number(margin)} to spare" if passed else f", missed by {number(margin)}"
    return Check(record.name, text, passed, value, None if passed else margin, message)


def value_of(record: RunRecord, name: str) -> float | None:
    """The number of this name in a run, None if the run has none."""
    if name in _COUNTED:
        value = getattr(record.status, name) if record.status else record.last.get(name)
        return None if value is None else float(value)
    if name.startswith(("test_", "test.")):
        return tested_value(row_of(record, brief=True), name)
    if name == BEST:
        return row_of(record, brief=True).best
    best, _, last = record.scores.get(_bare(name), (None, None, None))
    return last if name.startswith("last_") else best


def _bare(name: str) -> str:
    return name.removeprefix("best_").removeprefix("last_")


def _refuse_unknown_name(requirement: Requirement, records: Sequence[RunRecord]) -> None:
    """Raises UserError if no run can have a number of this name."""
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


def _refuse_unknown_code(requirement: Requirement, records: Sequence[RunRecord]) -> None:
    """Raises UserError if there is no such severity or code."""
    name = requirement.name
    if name in SEVERITIES or any(name == code for record in records for code, _ in record.codes):
        return
    from trainlab.core.component import registered  # with pydantic, 50 ms, only where the runs do not know the code
    from trainlab.diagnose.monitor import Monitor

    codes = sorted(monitor.name for monitor in registered(Monitor))
    if name in codes:
        return
    near = nearest(name, [*SEVERITIES, *codes])
    meant = f"; did you mean `no {near}`?" if near else f"; choose one of {', '.join([*SEVERITIES, *codes])}"
    raise UserError(f"--require {requirement.text}: there is no finding of this name{meant}")
