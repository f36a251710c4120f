"""Callbacks that write a run folder while the run goes on: its rows and findings, and its status."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Self, cast

import numpy as np

from trainlab.core.errors import Stopped, UserError
from trainlab.core.types import Array
from trainlab.diagnose.finding import Finding
from trainlab.engine.backend import RECORDS
from trainlab.store import checksums
from trainlab.store.columns import LAYER_COLUMNS, REGION_COLUMNS, STEP_COLUMNS
from trainlab.store.findings import FindingWriter
from trainlab.store.folder import RunFolder
from trainlab.store.rows import RowWriter, kept_steps
from trainlab.store.status import BRIEF, State, Status, now, write_status
from trainlab.training.callbacks import EXIT_CODES, Callback, RunInfo, RunResult, StepInfo
from trainlab.training.epoch_metrics import BestTracker, Stopwatch
from trainlab.training.monitoring import MonitorRunner
from trainlab.training.regions import Regions

_STATUS_EVERY = 0.5  # seconds between two versions of status.json while the run goes on, at least
_STATUS_SHARE = 0.01  # of the time may go into them, on a slow disk
_STATUS_AT_MOST = 5.0  # seconds between two versions, however slow


class RunLogger(Callback):
    """Appends to metrics.csv, steps.csv, layers.csv, regions.csv and diagnoses.jsonl of one run folder."""

    def __init__(self, folder: RunFolder, columns: Sequence[str], regions: Regions | None = None) -> None:
        """columns: those of metrics.csv · regions: of a run that has some."""
        self._files: dict[str, RowWriter | FindingWriter] = {
            "metrics": RowWriter(folder.metrics, columns),
            "steps": RowWriter(folder.steps, STEP_COLUMNS),
            "layers": RowWriter(folder.layers, LAYER_COLUMNS),
            "diagnoses": FindingWriter(folder.diagnoses),
        }
        self._metrics, self._steps, self._layers, self._findings = cast(
            "tuple[RowWriter, RowWriter, RowWriter, FindingWriter]", tuple(self._files.values())
        )
        self._regions, self._cells = regions, RowWriter(folder.regions, REGION_COLUMNS) if regions else None
        if self._cells is not None:
            self._files["regions"] = self._cells

    def on_step_end(self, info: StepInfo) -> None:
        """Rows of steps.csv; long runs keep fewer."""
        first = info.step - len(info.records) + 1
        kept = kept_steps(first, info.step)
        steps, records = np.arange(first, info.step + 1)[kept], info.records[kept]
        if len(steps):
            self._steps.write_many({"step": steps} | {name: records[:, i] for i, name in enumerate(RECORDS)})

    def on_inspection(self, step: int, names: Sequence[tuple[str, str]], values: Array) -> None:
        """Rows of layers.csv."""
        layers, quantities = zip(*names, strict=True)
        steps = np.full(len(names), step)
        self._layers.write_many({"step": steps, "layer": layers, "quantity": quantities, "value": values})

    def on_epoch_end(self, row: Mapping[str, Any]) -> None:
        """A row of metrics.csv, and of regions.csv after some epochs."""
        self._metrics.write(row)
        if self._regions is not None and self._cells is not None and self._regions.due(row["epoch"]):
            self._cells.write(self._regions.row(row["epoch"], row["step"]))

    def on_finding(self, finding: Finding) -> None:
        """A line of diagnoses.jsonl."""
        self._findings.write(finding.as_dict())

    def on_train_end(self, result: RunResult) -> None:
        """The findings in their final order, once there is one."""
        if result.state != "interrupted":
            self.replace_findings(result.findings, durable=result.seconds >= BRIEF)

    def replace_findings(self, findings: Sequence[Finding], *, durable: bool = True) -> None:
        """These findings are the whole of diagnoses.jsonl. durable: wait for the disk."""
        self._findings.replace([finding.as_dict() for finding in findings], durable=durable)

    @property
    def paths(self) -> list[Path]:
        """The files; they must be on the disk before a checkpoint that counts on their rows."""
        return [file.path for file in self._files.values()]

    def positions(self) -> dict[str, int]:
        """How long each file is."""
        return {name: file.tell() for name, file in self._files.items()}

    def written(self) -> dict[str, dict[str, int]]:
        """How long each file is, and the checksum of its lines; a checkpoint keeps both."""
        return {"files": self.positions(), "checksums": {name: file.checksum for name, file in self._files.items()}}

    def cut(self, positions: Mapping[str, int]) -> None:
        """Drop what was written after these positions; all rows of a file that has none."""
        for name, file in self._files.items():
            file.truncate(positions.get(name, 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for file in self._files.values():
            file.close()


class StatusWriter(Callback):
    """Keeps status.json up to date. In a `with` block it also records how a run ended that raised."""

    def __init__(
        self,
        path: Path,
        status: Status,
        clock: Stopwatch,
        best: BestTracker,
        monitors: MonitorRunner,
        *,
        durable: bool = True,
    ) -> None:
        self._path, self._status, self._clock, self._best, self._monitors = path, status, clock, best, monitors
        self._durable, self._step, self._epoch = durable, 0, 0
        self._write(status)

    def on_train_begin(self, info: RunInfo) -> None:
        """Where a resumed run is."""
        self._step = info.resumed_at or 0
        self._epoch = self._step // info.steps_per_epoch

    def on_step_end(self, info: StepInfo) -> None:
        """The progress so far, unless it was written a moment ago."""
        self._step, self._epoch = info.step, int(info.epoch)
        if monotonic() - self._written >= self._pause:
            self._write(self._current())

    def on_epoch_end(self, row: Mapping[str, Any]) -> None:
        """Likewise."""
        self._step, self._epoch = row["step"], row["epoch"]
        if monotonic() - self._written >= self._pause:
            self._write(self._current())

    def on_train_end(self, result: RunResult) -> None:
        """How the run ended."""
        self._end(cast("State", result.state), result.exit_code, result.reason, result.test)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if isinstance(error, Stopped):
            self._end("interrupted", error.exit_code, str(error), None)
        elif error is not None:
            state: State = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
            code = 2 if isinstance(error, UserError) else EXIT_CODES[state]
            self._end(state, code, f"{type(error).__name__}: {error}".rstrip(": "), None)

    def _end(self, state: State, exit_code: int, reason: str, test: Mapping[str, float] | None) -> None:
        files = checksums.of_files(self._path.parent)
        self._write(replace(self._current(), test=dict(test or {}), files=files).ended_as(state, exit_code, reason))

    def _current(self) -> Status:
        return replace(
            self._status,
            updated=now(),
            seconds=round(self._clock.seconds, 3),
            epoch=self._epoch,
            step=self._step,
            best=self._best.best,
            diagnoses=self._monitors.counts(),
        )

    def _write(self, status: Status) -> None:
        began = monotonic()
        write_status(self._path, status, durable=self._durable or status.seconds >= BRIEF)
        self._status, self._written = status, monotonic()
        self._pause = min(_STATUS_AT_MOST, max(_STATUS_EVERY, (self._written - began) / _STATUS_SHARE))
