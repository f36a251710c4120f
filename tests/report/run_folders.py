"""Run folders for the tests of the report, written through the store as training writes them."""

from dataclasses import replace
from typing import Any

from trainlab.core.dump import dump
from trainlab.store.columns import metric_columns
from trainlab.store.findings import FindingWriter
from trainlab.store.folder import RunFolder
from trainlab.store.rows import RowWriter
from trainlab.store.status import Best, Status, write_status

OVERFITTING = {
    "code": "overfitting",
    "severity": "warning",
    "epoch": 2,
    "step": 20,
    "layer": None,
    "message": "Validation loss rises while training loss falls.",
    "evidence": {"gap": 0.5},
    "because": ["lr-too-high@step 4"],
    "advice": "Add dropout, or stop earlier.",
    "patches": [{"model.dropout": 0.3}, {"regularization.l2": 0.001}],
}
PLATEAU = {"code": "plateau", "severity": "info", "epoch": 1, "step": 10}


def make_run(runs, name="digits", *, losses=(2.0, 1.0, 0.5), scores=(0.1, 0.5, 0.75), findings=(), **more: Any):
    """A finished run with these validation losses and accuracies. `more`: config, test, into, day, state, reason."""
    folder = RunFolder.create(runs, name, into=more.get("into"))
    folder.config.write_text(dump({"name": name, "seed": 0} | more.get("config", {})))
    with RowWriter(folder.metrics, metric_columns("classification")) as rows:
        for epoch, (loss, score) in enumerate(zip(losses, scores, strict=True)):
            value = {"train_loss": loss / 2, "val_loss": loss, "val_accuracy": score}
            rows.write({"epoch": epoch, "step": 10 * epoch, "seconds": 0.5 * epoch, "lr": 0.1} | value)
    with FindingWriter(folder.diagnoses) as lines:
        for finding in findings:
            lines.write(finding)
    at = f"2026-11-{more.get('day', 21):02d}T14:03:09.120+01:00"
    best = max(range(len(scores)), key=lambda i: scores[i])
    last = len(losses) - 1
    status = replace(
        Status.begin(folder.name, last),
        started=at,
        updated=at,
        epoch=last,
        step=10 * last,
        seconds=75.0,
        best=Best("val_accuracy", scores[best], best),
        test=more.get("test", {"loss": 0.25, "accuracy": 0.9375}),
    )
    ended = status.ended_as(more.get("state", "finished"), 0, more.get("reason", ""))
    write_status(folder.status, replace(ended, updated=at, ended=at))
    return folder
