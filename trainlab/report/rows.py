"""One row per run, for tables, CSV and JSON."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import cache
from itertools import starmap
from pathlib import Path
from typing import Any

from trainlab.core.errors import UserError
from trainlab.core.problem import nearest
from trainlab.store.folder import RunFolder, is_run
from trainlab.store.index import Index
from trainlab.store.reading import RunRecord, find_runs, is_sweep

_WATCHED = ("val_accuracy", "val_r2", "val_loss", "train_accuracy", "train_r2", "train_loss")
BEST = "best"  # the metric that decides which epoch of a run is the best
_SORTABLE = ("name", "started", "status", "epoch", "seconds")


@dataclass(frozen=True, slots=True)
class Row:
    """The facts of a run for a table. `best` and `last` are of `metric`; `test` and `findings` are complete."""

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


_PART = "row"  # of a run in the index
_KEPT = tuple(f.name for f in fields(Row) if f.name not in ("name", "path", "problem"))


def gather(given: Sequence[str], runs: Path) -> list[RunRecord]:
    """The records of these runs (names in `runs`, or paths of runs, sweeps and folders of runs), or of all in `runs`.

    Raises UserError if there is no such run or folder.
    """
    return [record for record, _ in listed(given, runs)]


def listed(
    given: Sequence[str], runs: Path, index: Index | None = None, *, brief: bool = True
) -> list[tuple[RunRecord, Row]]:
    """As `gather`, each with its row (see `row_of`). With the index of `runs` only what has changed is read again.

    Raises UserError if there is no such folder of runs.
    """
    if not given and not runs.is_dir():
        raise UserError(f"{runs}: there is no such folder of runs; `trainlab train` makes one, --runs names another")
    found = [path for name in given for path in _meant(name, runs)] if given else find_runs(runs)
    if index is not None and not given:
        index.prune(found)
        index.load(_PART)
    pairs: list[tuple[RunRecord, Row]] = []
    for path in dict.fromkeys(found):
        record = RunRecord(path, _called(path, runs), index)
        pairs.append((record, row_of(record, brief=brief)))
        record.forget()
    return sorted(pairs, key=_started)


def row_of(record: RunRecord, metric: str = "", *, brief: bool = False) -> Row:
    """The row of a run, with its best and last value of `metric`, by default the metric that the run watched.

    brief: of its findings only code and severity, each pair once, which needs no reading where an index knows them.
    """
    row = _kept(record) if brief else None
    if row is None:
        row = _read(record, brief)
        if brief:
            record.retain(_PART, [getattr(row, f) for f in _KEPT])
    if metric and metric != row.metric:
        best, best_epoch, last = record.scores.get(metric, (None, None, None))
        row = replace(row, metric=metric, best=best, best_epoch=best_epoch, last=last)
    return row


def _read(record: RunRecord, brief: bool) -> Row:
    """The row of a run from its files."""
    status = record.status
    name = _watched(record)
    best, best_epoch = (status.best.value, status.best.epoch) if status and status.best else (None, None)
    if name and best is None:
        best, best_epoch, _ = record.scores.get(name, (None, None, None))
    last = record.last.get(name)
    findings = tuple(starmap(_brief, record.codes)) if brief else tuple(record.findings)
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
        findings=findings,
        problem=record.problem,
    )


def _kept(record: RunRecord) -> Row | None:
    """The row of a run as the index keeps it."""
    try:
        kept = dict(zip(_KEPT, record.recall(_PART), strict=True))
        kept["findings"] = tuple(_brief(f["code"], f["severity"]) for f in kept["findings"])
        return Row(name=record.name, path=str(record.path), problem="", **kept)
    except (TypeError, ValueError, KeyError):  # no entry, or one of another form
        return None


def sorted_rows(records: Sequence[RunRecord], key: str, *, brief: bool = False) -> list[tuple[RunRecord, Row]]:
    """Records with their rows, best first by a metric (`val_loss`, `test_accuracy`), or in the order of a field.

    `best` is the metric that decides in each run. Runs that lack the value come last. Raises UserError if no run has
    it, or different metrics decide.
    """
    tested = key.startswith(("test_", "test."))
    rows: list[tuple[RunRecord, Row]] = []
    for record in records:
        rows.append((record, row_of(record, "" if tested or key in (*_SORTABLE, BEST) else key, brief=brief)))
        record.forget()
    if key == BEST and len(metrics := list(dict.fromkeys(row.metric for _, row in rows if row.metric))) > 1:
        raise UserError(
            f"--sort best: different metrics decide in these runs, {' and '.join(metrics)}; name one of them"
        )
    if key in _SORTABLE:
        lacking = [pair for pair in rows if getattr(pair[1], key) in (None, "")]
        having = [pair for pair in rows if getattr(pair[1], key) not in (None, "")]
        return [*sorted(having, key=lambda pair: getattr(pair[1], key)), *lacking]
    values = [tested_value(row, key) if tested else row.best for _, row in rows]
    if records and all(v is None for v in values):
        there = sorted({m for record, row in rows for m in metrics_of(record, row)} | set(_SORTABLE))
        near = nearest(key, there)
        raise UserError(
            f"--sort {key}: no run has it; "
            + (f"did you mean `{near}`?" if near else f"choose one of {', '.join(there)}")
        )
    known = next((pair for pair, value in zip(rows, values, strict=True) if value is not None), None)
    lower = known is None or known[0].falls(known[1].metric if key == BEST else key.replace(".", "_"))
    sign = 1.0 if lower else -1.0
    ranks = [(True, 0.0) if v is None or math.isnan(v) else (False, sign * v) for v in values]
    return [rows[i] for i in sorted(range(len(rows)), key=ranks.__getitem__)]


def tested_value(row: Row, key: str) -> float | None:
    """The value of `test_NAME` or `test.NAME` in a row, or None."""
    bare = key[5:]
    return row.test.get(bare, row.test.get(f"test_{bare}"))


def main_test(row: Row) -> str:
    """The name of the test metric that a table shows: the one that decides, else the score, else the loss."""
    decides = row.metric.removeprefix("val_").removeprefix("train_")
    return next(
        (m for m in (decides, "accuracy", "r2", *row.test) if m in row.test and m != "loss"),
        "loss" * ("loss" in row.test),
    )


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
    inside = os.path.join(runs, "")
    if os.fspath(path).startswith(inside):
        return os.fspath(path)[len(inside) :]
    try:
        return path.resolve().relative_to(runs.resolve()).as_posix()
    except ValueError:
        return path.resolve().name


def _started(pair: tuple[RunRecord, Row]) -> tuple[float, str]:
    """By the start; a run without a status by when its folder changed."""
    record, row = pair
    if row.started:
        return datetime.fromisoformat(row.started).timestamp(), row.name
    try:
        return record.path.stat().st_mtime, row.name
    except OSError:
        return 0.0, row.name


def _watched(record: RunRecord) -> str:
    if record.status and record.status.best:
        return record.status.best.metric
    return next((m for m in _WATCHED if record.last.get(m) is not None), "")


@cache
def _brief(code: str, severity: str) -> dict[str, Any]:
    return {"code": code, "severity": severity}
