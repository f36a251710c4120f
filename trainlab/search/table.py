"""trials.csv: a row per trial, in their order. The file is replaced as a whole, so it is valid at any time.

It can be made again from the trials' folders. All columns but `seconds` are the same for any number of workers. The
score of a trial with several runs (repeats, folds) is their mean.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from math import isfinite
from pathlib import Path
from statistics import fmean, median_low
from typing import Any, Literal

from trainlab.core.best import BestRule, Ties
from trainlab.core.metric_names import lower_is_better
from trainlab.search.space import Trial
from trainlab.search.uncertainty import Spread, spread
from trainlab.store.reading import RunRecord
from trainlab.store.strict_json import dumps
from trainlab.store.writing import write_atomic
from trainlab.training.monitor_settings import ERROR

State = Literal["finished", "diverged", "stopped", "interrupted", "failed"]
_BAD: tuple[State, ...] = ("failed", "diverged", "stopped")


@dataclass(frozen=True, slots=True)
class Row:
    """The result of a trial. `score`: the metric of the best epoch; `epochs`: how many were trained.

    Of several runs, `scores` holds the best of each, `score` is their mean, `best_epoch` the median, `epochs` and
    `seconds` are sums. `stage`: number of the cohort, from 1, if the strategy has several; else 0.
    """

    trial: int
    status: State
    values: Mapping[str, Any]
    score: float | None = None
    best_epoch: int | None = None
    epochs: int = 0
    seconds: float = 0.0
    diagnoses: tuple[str, ...] = ()
    reason: str = ""
    scores: tuple[float | None, ...] = ()
    spread: Spread | None = None
    stage: int = 0

    def as_dict(self, metric: str) -> dict[str, Any]:
        """By column."""
        s = self.spread
        several = {"std_error": s and s.std_error, "low": s and s.low, "high": s and s.high, "scores": [*self.scores]}
        return {
            "trial": self.trial,
            **({"stage": self.stage} if self.stage else {}),
            "status": self.status,
            **self.values,
            metric: self.score,
            **(several if len(self.scores) > 1 else {}),
            "best_epoch": self.best_epoch,
            "epochs": self.epochs,
            "seconds": self.seconds,
            "diagnoses": list(self.diagnoses),
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Part:
    """The result of one run of a trial, up to an epoch or to its end; `state` is None if it may continue."""

    state: State | None
    score: float | None
    best_epoch: int | None
    epochs: int
    seconds: float
    diagnoses: tuple[str, ...]
    reason: str


def part_of(
    record: RunRecord, metric: str, until: int | None = None, stop_on: Sequence[str] = (), ties: Ties = "loss"
) -> Part:
    """The result of a run up to the epoch `until`, whatever it did afterwards. stop_on: codes that the config names; a
    run that another finding of severity error ended is `stopped`, not `failed` · ties: as in `BestRule`.

    The best epoch is the one that the run keeps, by the metric that decides in the run; the score is `metric` there.
    """
    known = record.status
    state = known_end(record, until)
    findings = record.findings
    beyond = known is not None and until is not None and state is None and known.epoch >= until
    if beyond:
        last = step_at(record, until)
        findings = [finding for finding in findings if (finding.get("step") or 0) <= last]
    codes = tuple(dict.fromkeys(finding["code"] for finding in findings))
    if state == "failed" and not set(codes) & set(stop_on) and any(f.get("severity") == ERROR for f in findings):
        state = "stopped"
    score, epoch = _best(record, metric, until, ties, untrained=state == "finished")
    if score is None and state == "finished":
        return Part("failed", None, None, known.epoch if known else 0, 0.0, codes, f"no {metric} was measured")
    epochs = (until or 0) if beyond else known.epoch if known else 0
    reason = known.reason if known and state not in (None, "finished") else ""
    return Part(state, score, epoch, epochs, known.seconds if known else 0.0, codes, reason)


def row_of(
    trial: Trial,
    parts: Sequence[Part],
    *,
    status: State | None = None,
    reason: str = "",
    folds: int | None = None,
    stage: int = 0,
    metric: str = "",
) -> Row:
    """The row of a trial from its runs; `status` and `reason` override theirs."""
    state = status or worst(part.state for part in parts)
    scores = tuple(part.score for part in parts)
    known = [score for score in scores if score is not None]
    whole = len(known) == len(parts)
    several = len(parts) > 1
    told = [
        f"run {i}: {part.reason}" if several else part.reason for i, part in enumerate(parts, start=1) if part.reason
    ]
    epochs = [part.best_epoch for part in parts if part.best_epoch is not None]
    return Row(
        trial.number,
        state,
        trial.values,
        fmean(known) if several and whole else known[0] if whole and known else None,
        median_low(epochs) if epochs and whole else None,
        sum(part.epochs for part in parts),
        round(sum(part.seconds for part in parts), 3),
        tuple(dict.fromkeys(code for part in parts for code in part.diagnoses)),
        " ".join((reason or "; ".join(told if state != "finished" else [])).split()),
        scores if several else (),
        spread(known, folds, metric=metric) if several and whole else None,
        stage,
    )


def worst(states: Iterable[State | None]) -> State:
    """The state of a trial with these runs: the worst of them; `interrupted` if one may continue.

    >>> worst(["finished", None]), worst(["finished", "diverged", None])
    ('interrupted', 'diverged')
    """
    found = set(states)
    bad: list[State] = [state for state in _BAD if state in found]
    return bad[0] if bad else "finished" if found == {"finished"} else "interrupted"


def known_end(record: RunRecord, until: int | None = None) -> State | None:
    """How a run ended by itself (so a resume does not repeat it), None if it did not; with `until`, by that epoch."""
    if record.state == "finished" or record.state == "diverged":
        state: State = record.state
    elif record.state == "failed" and record.status is not None and record.status.exit_code == 3:
        state = "failed"  # by a monitor of `stop_on`
    else:
        return None
    known = record.status
    if until is None or known is None or known.epoch < until:
        return state
    return state if known.step <= step_at(record, until) else None


def reached(record: RunRecord, until: int | None) -> bool:
    """Whether a run was trained up to this epoch or further."""
    return until is not None and record.status is not None and record.status.epoch >= until


def step_at(record: RunRecord, epoch: int | None) -> int:
    """The step at the end of an epoch."""
    rows = zip(record.metrics.get("epoch", []), record.metrics.get("step", []), strict=False)
    return next((int(step) for number, step in rows if number == epoch), 0)


def oriented(score: float | None, metric: str) -> float | None:
    """A score with the sign that makes less better."""
    return None if score is None else score if lower_is_better(metric) else -score


def ranked(rows: Iterable[Row], metric: str) -> list[Row]:
    """The finished trials, the best first; of equals the earlier first."""
    sign = 1.0 if lower_is_better(metric) else -1.0
    finished = [row for row in rows if row.status == "finished" and row.score is not None]
    return sorted(finished, key=lambda row: (sign * (row.score or 0.0), row.trial))


@dataclass(slots=True)
class Table:
    """trials.csv of a sweep over these paths. `staged`: with a column `stage`."""

    path: Path
    metric: str
    paths: Sequence[str]
    runs: int = 1
    staged: bool = False
    rows: dict[int, Row] = field(default_factory=dict[int, Row])
    _lines: dict[int, str] = field(default_factory=dict[int, str])

    @property
    def columns(self) -> list[str]:
        """The header."""
        several = ["std_error", "low", "high", "scores"] if self.runs > 1 else []
        head = ["trial", *(["stage"] if self.staged else []), "status"]
        return [*head, *self.paths, self.metric, *several, "best_epoch", "epochs", "seconds", "diagnoses", "reason"]

    def put(self, row: Row) -> None:
        """Add a trial's row, or replace it."""
        self.rows[row.trial] = row
        cells = dict.fromkeys(self.columns, "") | row.as_dict(self.metric)
        drawn = {path: spelled(row.values[path]) if path in row.values else "" for path in self.paths}
        drawn |= {"diagnoses": " ".join(row.diagnoses), "scores": dumps([*row.scores])}
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow([(cells | drawn)[column] for column in self.columns])
        self._lines[row.trial] = text.getvalue()

    def take(self, number: int) -> Row:
        """Remove a trial's row, because the trial continues."""
        del self._lines[number]
        return self.rows.pop(number)

    def write(self) -> None:
        """Replace the file. Raises UserError if it cannot be written."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(self.columns)
        write_atomic(self.path, "".join([text.getvalue(), *(self._lines[n] for n in sorted(self._lines))]).encode())


def spelled(value: object) -> str:
    """A sampled value in a cell: text as it is, everything else as JSON.

    >>> spelled([64, 32]), spelled("adam"), spelled(1e-05), spelled(None)
    ('[64, 32]', 'adam', '1e-05', 'null')
    """
    return value if isinstance(value, str) else dumps(value)


def _best(
    record: RunRecord, metric: str, until: int | None, ties: Ties, *, untrained: bool
) -> tuple[float | None, int | None]:
    """The metric in the best epoch, and that epoch; epoch 0 counts only if nothing was to be trained."""
    known = record.status.best if record.status else None
    rule = BestRule(known.metric if known else metric, record.falls(known.metric if known else metric), ties)
    names = list(dict.fromkeys(("epoch", "val_loss", rule.metric, metric)))
    columns = [record.metrics.get(name, []) for name in names]
    rows = [dict(zip(names, values, strict=True)) for values in zip_longest(*columns)]
    best = rule.of(row for row in rows if until is None or row["epoch"] <= until)
    if best is None or best[metric] is None or not isfinite(best[metric]) or not (best["epoch"] or untrained):
        return None, None
    return float(best[metric]), int(best["epoch"])
