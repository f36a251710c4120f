"""Reports a run to a tracker after it was trained: reads its folder, and calls what a training calls."""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import numpy as np

from trainlab.core.component import Settings, names, setting
from trainlab.core.config import read_plain
from trainlab.core.errors import UserError
from trainlab.core.plugins import recalled
from trainlab.core.types import Array
from trainlab.diagnose.finding import Finding
from trainlab.engine.backend import RECORDS
from trainlab.store.plain_yaml import read_value
from trainlab.store.reading import RunRecord
from trainlab.store.status import Status
from trainlab.training.callbacks import RunResult, StepInfo
from trainlab.training.tracker import Tracker
from trainlab.training.tracking import Tracking


class _Choice(Settings):
    tracker: Tracker = setting("the tracker")


def tracker_of(record: RunRecord, name: str, settings: Sequence[str] = ()) -> Tracker:
    """The tracker of this name: with the settings that the run's config has for it, and these `key=value` over them.

    Raises ConfigError for a tracker that there is not, or a setting that it does not have, UserError for one of a
    plugin that was not loaded.
    """
    own: list[dict[str, Any]] = record.config.get("trackers") or []
    chosen = next((tracker for tracker in own if tracker.get("name") == name), None)
    if chosen is not None and name not in names(Tracker):  # of a plugin, which is told by its name if it is missing
        recalled(record.path, record.config.get("plugins") or [])
    chosen = chosen or {"name": name}
    changes: dict[str, Any] = {}
    for text in settings:
        key, sign, value = text.partition("=")
        if not sign:
            raise UserError(f"{text}: expected a setting of the tracker, KEY=VALUE")
        changes[f"tracker.{key}"] = read_value(value)
    return read_plain(_Choice, {"tracker": chosen}, f"--to {name}", changes).value.tracker


def replay(record: RunRecord, tracker: Tracker) -> str:
    """Log a whole run to a tracker, as it would have been while it was trained. Returns where it can be seen there.

    Raises UserError if the tracker is not installed, has the run already, or fails; or if the run has no status.
    """
    tracker.require()
    status = record.status
    if status is None:
        raise UserError(f"{record.path}: {record.problem or 'no status.json'}: there is no run to log")
    if record.state == "running":
        raise UserError(f"{record.path}: this run is still going on; log it when it has ended")
    tracking = Tracking(tracker, strict=True, clock=_clock(record, status))
    tracking.begin(record.path)
    try:
        for moment in _moments(record):
            _tell(tracking, *moment)
        tracking.on_train_end(_result(record, status))
    except BaseException:
        tracking.abandon("failed")
        raise
    return tracking.where


Moment = tuple[int, int, Any]  # step; what: 0 a step, 1 an inspection, 2 a finding, 3 an epoch; its numbers


def _moments(record: RunRecord) -> Sequence[Moment]:
    """Everything that happened, in its order. Raises UserError if a file of rows lacks a column."""
    moments: list[Moment] = []
    steps = record.steps
    for file, columns, needed in (
        ("steps", steps, {"step", *RECORDS}),
        ("layers", record.layers, {"step", "layer", "quantity", "value"}),
        ("metrics", record.metrics, {"epoch", "step"}),
    ):
        if columns and (missing := needed - columns.keys()):
            raise UserError(f"{record.path}/{file}.csv:1: there is no column `{min(missing)}`")
    if steps:
        table = np.array([steps[name] for name in RECORDS], np.float64).T
        moments += [(step, 0, table[i : i + 1]) for i, step in enumerate(steps["step"])]
    layers = record.layers
    if layers:
        rows = zip(layers["step"], layers["layer"], layers["quantity"], layers["value"], strict=True)
        moments += [(step, 1, list(inspected)) for step, inspected in groupby(rows, key=lambda row: row[0])]
    moments += [(f.step or 0, 2, f) for f in map(Finding.from_dict, record.findings)]
    metrics = record.metrics
    names = list(metrics)
    moments += [
        (row[names.index("step")], 3, dict(zip(names, row, strict=True))) for row in zip(*metrics.values(), strict=True)
    ]
    return sorted(moments, key=lambda moment: moment[:2])


def _tell(tracking: Tracking, step: int, what: int, told: Any) -> None:
    if what == 0:
        tracking.on_step_end(StepInfo(step, 0.0, told))
    elif what == 1:
        values: Array = np.array([np.nan if value is None else value for *_, value in told], np.float64)
        tracking.on_inspection(step, [(str(layer), str(quantity)) for _, layer, quantity, _ in told], values)
    elif what == 2:
        tracking.on_finding(told)
    else:
        tracking.on_epoch_end(told)


def _clock(record: RunRecord, status: Status) -> Callable[[int], float]:
    """When a step was taken, in seconds since 1970: between the epochs at an even pace."""
    began = datetime.fromisoformat(status.started).timestamp()
    columns = (record.metrics.get("step") or [0], record.metrics.get("seconds") or [0.0])
    steps, seconds = (np.array(column, np.float64) for column in columns)
    return lambda step: began + float(np.interp(step, steps, seconds))


def _result(record: RunRecord, status: Status) -> RunResult:
    best = status.best
    return RunResult(
        folder=record.path,
        state=record.state,
        epoch=status.epoch,
        step=status.step,
        seconds=status.seconds,
        best={"metric": best.metric, "value": best.value, "epoch": best.epoch} if best else None,
        test=dict(status.test),
        findings=tuple(map(Finding.from_dict, record.findings)),
        reason=status.reason,
    )
