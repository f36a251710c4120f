"""trials.csv: a row per trial, in their order, replaced whole after every trial, so that it is valid at any instant.

It is an index of the trials' folders and can be made anew from them. All of it but `seconds` is the same for any number
of workers.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Literal

from trainlab.core.metric_names import lower_is_better
from trainlab.lab.sweep.space import Trial
from trainlab.store.reading import RunRecord
from trainlab.store.strict_json import dumps
from trainlab.store.writing import write_atomic

State = Literal["finished", "diverged", "interrupted", "failed"]


@dataclass(frozen=True, slots=True)
class Row:
    """What came of a trial. `score` is the metric's best epoch; `epochs` counts those that were trained."""

    trial: int
    status: State
    values: Mapping[str, Any]
    score: float | None = None
    best_epoch: int | None = None
    epochs: int = 0
    seconds: float = 0.0
    diagnoses: tuple[str, ...] = ()
    reason: str = ""

    def as_dict(self, metric: str) -> dict[str, Any]:
        """By column."""
        return {
            "trial": self.trial,
            "status": self.status,
            **self.values,
            metric: self.score,
            "best_epoch": self.best_epoch,
            "epochs": self.epochs,
            "seconds": self.seconds,
            "diagnoses": list(self.diagnoses),
            "reason": self.reason,
        }


def row_of(trial: Trial, record: RunRecord, metric: str, *, status: State | None = None, reason: str = "") -> Row:
    """The row of a trial from its folder; `status` and `reason` where its process has told of a worse end."""
    known = record.status
    state: State = status or known_end(record) or "failed"
    score, epoch = _best(record.metrics, metric)
    if score is None and state == "finished":
        state, reason = "failed", f"no {metric} was measured"
    told = known.reason if known and state != "finished" else ""
    return Row(
        trial.number,
        state,
        trial.values,
        score,
        epoch,
        known.epoch if known else 0,
        known.seconds if known else 0.0,
        tuple(dict.fromkeys(finding["code"] for finding in record.findings)),
        " ".join((reason or told).split()),
    )


def known_end(record: RunRecord) -> State | None:
    """How a trial ended by itself, if it did: what a resumed sweep does not repeat."""
    if record.state == "finished" or record.state == "diverged":
        return record.state
    stopped = record.state == "failed" and record.status is not None and record.status.exit_code == 3
    return "failed" if stopped else None  # by a monitor of `stop_on`


def ranked(rows: list[Row], metric: str) -> list[Row]:
    """The finished trials, the best first; of equals the earlier first. What diverged is never among them."""
    sign = 1.0 if lower_is_better(metric) else -1.0
    finished = [row for row in rows if row.status == "finished" and row.score is not None]
    return sorted(finished, key=lambda row: (sign * (row.score or 0.0), row.trial))


def write_rows(path: Path, rows: list[Row], metric: str, paths: list[str]) -> None:
    """Replaces trials.csv. Raises UserError if it cannot be written."""
    columns = ["trial", "status", *paths, metric, "best_epoch", "epochs", "seconds", "diagnoses", "reason"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in sorted(rows, key=lambda row: row.trial):
        cells = row.as_dict(metric) | {"diagnoses": " ".join(row.diagnoses)}
        drawn = {path: spelled(row.values[path]) for path in paths}
        writer.writerow([(cells | drawn)[column] for column in columns])
    write_atomic(path, text.getvalue().encode())


def spelled(value: object) -> str:
    """A sampled value in a cell: text as it is, everything else as JSON.

    >>> spelled([64, 32]), spelled("adam"), spelled(1e-05), spelled(None)
    ('[64, 32]', 'adam', '1e-05', 'null')
    """
    return value if isinstance(value, str) else dumps(value)


def _best(metrics: Mapping[str, list[Any]], metric: str) -> tuple[float | None, int | None]:
    """The metric's best value and its epoch; the state before training counts only where nothing was trained."""
    pairs = list(zip(metrics.get(metric, []), metrics.get("epoch", []), strict=False))
    trained = [pair for pair in pairs if pair[1]] or pairs
    known = [(float(value), int(epoch)) for value, epoch in trained if value is not None and isfinite(value)]
    if not known:
        return None, None
    return (min if lower_is_better(metric) else max)(known, key=lambda pair: pair[0])
