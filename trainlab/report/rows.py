"""One row a run: what a table, a CSV file or JSON says of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from trainlab.core.errors import UserError
from trainlab.core.metric_names import lower_is_better
from trainlab.core.problem import nearest
from trainlab.store.folder import RunFolder, is_run
from trainlab.store.reading import RunRecord, find_runs, is_sweep, read_run

_WATCHED = ("val_accuracy", "val_r2", "val_loss", "train_accuracy", "train_r2", "train_loss")
_SORTABLE = ("name", "started", "status", "epoch", "seconds")


@dataclass(frozen=True, slots=True)
class Row:
    """What is told of a run. `best` and `last` are of `metric`; `test` and `findings` hold all there is."""

    name: str
    path: str
    started: str
    status: str
    epoch: int | None
    epochs: int | None
    metric: str
    best: float | None
    best_epoch: int | None
    last: float | None
    test: dict[str, float]
    seconds: float | None
    findings: tuple[dict[str, Any], ...]
    problem: str

    def as_dict(self) -> dict[str, Any]:
        """The row as plain data, keys in the order of a CSV file's columns."""
        return {f: getattr(self, f) for f in self.__slots__} | {"findings": list(self.findings)}


def gather(given: Sequence[str], runs: Path) -> list[RunRecord]:
    """The records of these runs (names in `runs`, or paths of runs, sweeps and folders of runs), or of all in `runs`.

    Raises UserError if there is no such run or folder.
    """
    if not given and not runs.is_dir():
        raise UserError(f"{runs}: there is no such folder of runs; `trainlab train` makes one, --runs names another")
    found = [path for name in given for path in _meant(name, runs)] if given else find_runs(runs)
    records = [read_run(path, _called(path, runs)) for path in dict.fromkeys(found)]
    return sorted(records, key=_started)


def row_of(record: RunRecord, metric: str = "") -> Row:
    """The row of a run, with its best and last value of `metric`, by default the metric that the run watched."""
    status = record.status
    name = metric or _watched(record)
    best, best_epoch = _best(record, name)
    last = record.last.get(name)
    return Row(
        name=record.name,
        path=str(record.path),
        started=status.started if status else "",
        status=record.state,
        epoch=status.epoch if status else record.last.get("epoch"),
        epochs=status.epochs if status else None,
        metric=name,
        best=best,
        best_epoch=best_epoch,
        last=float(last) if isinstance(last, int | float) else None,
        test=dict(status.test) if status else {},
        seconds=status.seconds if status else record.last.get("seconds"),
        findings=tuple(record.findings),
        problem=record.problem,
    )


def sorted_rows(records: Sequence[RunRecord], key: str) -> list[tuple[RunRecord, Row]]:
    """Records with their rows, best first by a metric (`val_loss`, `test_accuracy`), or in the order of a field.

    Runs that lack the value come last. Raises UserError if no run has it.
    """
    if key in _SORTABLE:
        rows = [(record, row_of(record)) for record in records]
        lacking = [pair for pair in rows if getattr(pair[1], key) in (None, "")]
        having = [pair for pair in rows if getattr(pair[1], key) not in (None, "")]
        return [*sorted(having, key=lambda pair: getattr(pair[1], key)), *lacking]
    tested = key.startswith(("test_", "test."))
    rows = [(record, row_of(record, "" if tested else key)) for record in records]
    values = [tested_value(row, key) if tested else row.best for _, row in rows]
    if records and all(v is None for v in values):
        known = sorted({m for record, row in rows for m in metrics_of(record, row)} | set(_SORTABLE))
        near = nearest(key, known)
        raise UserError(
            f"--sort {key}: no run has it; "
            + (f"did you mean `{near}`?" if near else f"choose one of {', '.join(known)}")
        )
    sign = 1.0 if lower_is_better(key.replace(".", "_")) else -1.0
    ranks = [(True, 0.0) if v is None or math.isnan(v) else (False, sign * v) for v in values]
    return [rows[i] for i in sorted(range(len(rows)), key=ranks.__getitem__)]


def tested_value(row: Row, key: str) -> float | None:
    """The value of `test_NAME` or `test.NAME` in a row, or None."""
    bare = key[5:]
    return row.test.get(bare, row.test.get(f"test_{bare}"))


def metrics_of(record: RunRecord, row: Row) -> list[str]:
    """All metrics that a run can be sorted by."""
    measured = [m for m in record.last if m not in ("epoch", "step", "seconds")]
    return [*measured, *(f"test_{m.removeprefix('test_')}" for m in row.test)]


def _meant(name: str, runs: Path) -> list[Path]:
    """The run folders that a name or path stands for."""
    for place in (Path(name), runs / name):
        if is_run(place) and not is_sweep(place):
            return [place]
        if place.is_dir() and (inside := find_runs(place)):
            return inside
    return [RunFolder.open(name, runs).path]


def _called(path: Path, runs: Path) -> str:
    """The name by which the run can be named again: its path inside `runs`, else its own name."""
    try:
        return path.resolve().relative_to(runs.resolve()).as_posix()
    except ValueError:
        return path.resolve().name


def _started(record: RunRecord) -> tuple[float, str]:
    """By the start; a run without a status by when its folder changed."""
    if record.status:
        return datetime.fromisoformat(record.status.started).timestamp(), record.name
    try:
        return record.path.stat().st_mtime, record.name
    except OSError:
        return 0.0, record.name


def _watched(record: RunRecord) -> str:
    if record.status and record.status.best:
        return record.status.best.metric
    return next((m for m in _WATCHED if record.last.get(m) is not None), "")


def _best(record: RunRecord, metric: str) -> tuple[float | None, int | None]:
    best = record.status.best if record.status else None
    if best and best.metric == metric:
        return best.value, best.epoch
    pairs = zip(record.metrics.get(metric, []), record.metrics.get("epoch", []), strict=False)
    values = [(v, e) for v, e in pairs if isinstance(v, int | float) and not math.isnan(v)]
    if not values:
        return None, None
    value, epoch = (min if lower_is_better(metric) else max)(values, key=lambda pair: pair[0])
    return float(value), epoch
