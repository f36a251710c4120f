"""Makes a run folder of a judged log, so that it stands in tables and on pages beside one's own runs."""

import math
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from trainlab.core.best import BestRule
from trainlab.core.dump import dump
from trainlab.core.metric_names import lower_is_better
from trainlab.core.types import Array
from trainlab.diagnose.finding import SEVERITIES
from trainlab.integrations.logs.diagnosis import Judged
from trainlab.store.columns import METRICS_OF, STEP_COLUMNS, metric_columns
from trainlab.store.findings import FindingWriter
from trainlab.store.folder import RunFolder
from trainlab.store.rows import RowWriter, kept_steps
from trainlab.store.status import Best, Status, write_status
from trainlab.store.writing import write_atomic
from trainlab.training.callbacks import WATCHED

_HEAD = f"""\
{WATCHED}: made from a log by `trainlab import`. It cannot be trained from this file;
# `trainlab report` and `trainlab diagnose` read the run.
"""


def import_log(found: Judged, name: str, runs: Path) -> RunFolder:
    """A new run folder `runs/NAME-N` with the epochs, steps and findings of a log.

    Only what was measured is written; the times are those of the file. Raises UserError if the disk refuses.
    """
    folder = RunFolder.create(runs, name)
    task = "regression" if found.task == "regression" else "classification"
    with ExitStack() as stack:
        stack.enter_context(folder.lock())
        columns = metric_columns(task)
        metrics = RowWriter(folder.metrics, columns)
        stack.callback(metrics.close)
        for row in found.measured:
            metrics.write({k: v for k, v in row.items() if k in columns})
        if len(found.table):
            steps = RowWriter(folder.steps, STEP_COLUMNS)
            stack.callback(steps.close)
            _write_steps(steps, found.table, found.numbers, found.log.columns)
        findings = FindingWriter(folder.diagnoses)
        stack.callback(findings.close)
        for finding in found.diagnoses:
            findings.write(finding.as_dict())
        write_atomic(folder.config, (_HEAD + dump(_config(folder, found, task))).encode())
        write_status(folder.status, _status(folder, found, task))
    return folder


def _write_steps(steps: RowWriter, table: Array, numbers: Array, columns: Mapping[str, str]) -> None:
    """The logged steps, those of a long run more rarely; a gradient norm only where the log has one."""
    kept = kept_steps(1, len(numbers))
    for number, (loss, lr, norm, ratio) in zip(numbers[kept], table[kept].tolist(), strict=True):
        row = {"lr": lr, "grad_norm": norm if "grad_norm" in columns else None, "update_ratio": ratio}
        known = {k: v for k, v in row.items() if v is not None and not math.isnan(v)}
        steps.write({"step": int(number), "loss": loss, **known})


def _config(folder: RunFolder, found: Judged, task: str) -> dict[str, Any]:
    """What is known of the training, in the words of a config."""
    rates = [row["lr"] for row in found.measured if math.isfinite(row.get("lr") or math.nan)]
    watch = {"task": task, "chance": None if found.guessed else found.chance}
    about = {"kind": "watched", "name": folder.name, "framework": f"a log ({found.log.format})"}
    log = {
        "file": str(found.log.path).encode(errors="backslashreplace").decode(),
        "columns": dict(found.log.columns),
        "notes": list(found.log.notes),
    }
    optimizer = {"optimizer": {"lr": max(rates)}} if rates else {}
    return {**about, **optimizer, "log": log, "watch": {k: v for k, v in watch.items() if v is not None}}


def _status(folder: RunFolder, found: Judged, task: str) -> Status:
    """How the training of the log ended, as far as the log tells."""
    diverged = any(d.code == "diverged" for d in found.diagnoses)
    begun = Status.begin(folder.name, found.epochs)
    at = datetime.fromtimestamp(found.log.path.stat().st_mtime).astimezone().isoformat(timespec="milliseconds")
    codes = [d.severity for d in found.diagnoses]
    step = int(found.numbers[-1]) if len(found.table) else int(found.curves[-1].get("step") or 0)
    ended = begun.ended_as("diverged" if diverged else "finished", 3 if diverged else 0)
    return replace(
        ended,
        started=at,
        updated=at,
        ended=at,
        epoch=found.epochs,
        step=step,
        best=_best(found.measured, METRICS_OF[task]),
        diagnoses={s: codes.count(s) for s in SEVERITIES if s in codes},
    )


def _best(rows: Sequence[Mapping[str, Any]], score: str) -> Best | None:
    """The best epoch by the validation score, or the loss."""
    metrics = (f"val_{score}", "val_loss", "train_loss")
    metric = next((m for m in metrics if any(row.get(m) is not None for row in rows)), "train_loss")
    best = BestRule(metric, lower_is_better(metric)).of(rows)
    return None if best is None else Best(metric, float(best[metric]), int(best["epoch"]))
