"""Reports a run to a tracker: a callback while it is trained, and the same methods when its folder is read afterwards.

    train/loss, val/accuracy ...     columns of metrics.csv, after each epoch
    epoch/lr, epoch/grad_norm ...    its other columns
    step/loss, step/lr ...           columns of steps.csv, every few steps, and of the last step
    layer/NAME/QUANTITY              layers.csv, after each inspection; outputs, weights and gradients are histograms
    best/NAME, test/NAME             at the end

A tracker that fails ends with a warning; the training does not notice.
"""

import io
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from typing import Any
from warnings import warn

from trainlab.core.config import Document
from trainlab.core.errors import UserError
from trainlab.core.problem import ConfigError
from trainlab.core.types import Array
from trainlab.diagnose.finding import Finding
from trainlab.engine.backend import RECORDS
from trainlab.store.columns import histogram_of, histogram_part
from trainlab.training.callbacks import Callback, RunInfo, RunResult, StepInfo
from trainlab.training.experiment import Experiment
from trainlab.training.tracker import TrackedRun, Tracker, TrackerRun


class Tracking(Callback):
    """Logs one run to one tracker.

    strict: an error of the tracker is raised as a UserError, not shown as a warning · clock: the time of a step in
    seconds since 1970, by default now.
    """

    def __init__(self, tracker: Tracker, *, strict: bool = False, clock: Callable[[int], float] | None = None) -> None:
        self._tracker, self._strict = tracker, strict
        self._clock = clock or _now
        self._run: TrackerRun | None = None
        self._tags: dict[str, str] = {}
        self._last: tuple[int, dict[str, float]] | None = None  # of the steps, if it was not logged
        self.where = ""

    def begin(self, folder: Path, going_on: int | None = None) -> None:
        """Open the run of this folder in the tracker. going_on: steps done before; None for a new run."""
        try:
            with redirect_stdout(io.StringIO()):  # trackers greet there, where our result is expected
                run = TrackedRun.of(folder, going_on)
                self._run = self._tracker.open(run)
        except Exception as error:  # whatever a tracker, its database or its server raises
            self._fail(error)
            return
        self.where = self._run.where
        self._tags = {"trainlab.sweep": run.group} if run.group else {}

    def on_train_begin(self, info: RunInfo) -> None:
        """Open the run in the tracker."""
        self.begin(info.folder, info.resumed_at)

    def on_step_end(self, info: StepInfo) -> None:
        """Every few steps, their numbers."""
        first = info.step - len(info.records) + 1
        for i in range(-first % self._tracker.every, len(info.records), self._tracker.every):
            self._log(first + i, _named(info.records[i]))
        due = info.step % self._tracker.every == 0
        self._last = None if due or not len(info.records) else (info.step, _named(info.records[-1]))

    def on_inspection(self, step: int, names: Sequence[tuple[str, str]], values: Array) -> None:
        """Statistics of the layers, and the histograms of their outputs, weights and gradients."""
        counted: dict[str, dict[str, float]] = {}
        scalars: dict[str, float] = {}
        for (layer, quantity), value in zip(names, values.tolist(), strict=True):
            if (part := histogram_part(quantity)) is not None:
                counted.setdefault(f"layer/{layer}/{part[0]}", {})[part[1]] = value
            else:
                scalars[f"layer/{layer}/{quantity}"] = value
        self._log(step, scalars)
        at = self._clock(step)
        for name, parts in counted.items():
            edges, shares = histogram_of(parts)
            self._do(lambda run, n=name, s=shares, e=edges: run.histogram(step, n, s, e, at))

    def on_epoch_end(self, row: Mapping[str, Any]) -> None:
        """The row of metrics.csv."""
        values = {_metric(name): value for name, value in row.items() if name != "step"}
        self._log(row["step"], {n: float(v) for n, v in values.items() if isinstance(v, int | float)})
        self._do(TrackerRun.flush)

    def on_finding(self, finding: Finding) -> None:
        """The finding as text, when it is made."""
        self._do(lambda run: run.finding(finding, as_markdown([finding])))

    def on_train_end(self, result: RunResult) -> None:
        """Final scores, the findings as tags and text, and the model."""
        if self._last is not None:  # a run that diverged ends anywhere
            self._log(*self._last)
        best = result.best
        scores = {f"best/{best['metric']}": best["value"], "best/epoch": best["epoch"]} if best else {}
        scores |= {f"test/{name}": value for name, value in (result.test or {}).items()}
        codes = {f"finding.{f.code}": f.severity for f in reversed(result.findings)}
        self._finish(result.state, scores, codes, as_markdown(result.findings))

    def abandon(self, state: str) -> None:
        """The training raised: end the run in the tracker, whatever it says to that."""
        with suppress(Exception):
            self._finish(state, {}, {}, "")

    def _finish(self, state: str, scores: Mapping[str, float], codes: Mapping[str, str], text: str) -> None:
        tags = {"trainlab.state": state, **self._tags, **codes}
        self._do(lambda run: run.finish(state, scores, tags, text))
        self._run = None

    def _log(self, step: int, values: Mapping[str, float]) -> None:
        if values:
            self._do(lambda run: run.scalars(step, values, self._clock(step)))

    def _do(self, action: Callable[[TrackerRun], None]) -> None:
        if self._run is None:
            return
        try:
            with redirect_stdout(io.StringIO()):
                action(self._run)
        except Exception as error:  # as in `begin`
            self._run = None
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        name = self._tracker.name
        told = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        if self._strict:
            raise UserError(f"{name}: {told}") from error
        again = f"`trainlab export RUN --to {name}` can log the whole run later"
        warn(f"trainlab: the tracker {name} failed and is not used any more: {told}; {again}", stacklevel=4)


def require_trackers(document: Document[Experiment]) -> None:
    """Raises ConfigError if a tracker of the config is not installed."""
    missing = [(i, text) for i, tracker in enumerate(document.value.trackers) if (text := tracker.missing())]
    if missing:
        raise ConfigError([document.problem(("trackers", i), text) for i, text in missing])


def _named(record: Array) -> dict[str, float]:
    """The numbers of a step."""
    return {f"step/{name}": value for name, value in zip(RECORDS, record.tolist(), strict=True)}


def _now(step: int) -> float:
    return time.time()


@contextmanager
def tracked(trackers: Sequence[Tracker]) -> Generator[Sequence[Callback]]:
    """A callback for each tracker. A run that ends with an exception is ended in the trackers, too."""
    callbacks = [Tracking(tracker) for tracker in trackers]
    try:
        yield callbacks
    except BaseException as error:
        for callback in callbacks:
            callback.abandon("interrupted" if isinstance(error, KeyboardInterrupt) else "failed")
        raise


def as_markdown(findings: Sequence[Finding]) -> str:
    """Findings as text, one paragraph each."""
    return "\n\n".join(
        f"**{f.code}** ({f.severity}, epoch {f.epoch}, step {f.step}): {f.message}\n\n*{f.advice}*" for f in findings
    )


def _metric(column: str) -> str:
    """The name of a column of metrics.csv in trackers.

    >>> _metric("val_loss"), _metric("lr"), _metric("epoch")
    ('val/loss', 'epoch/lr', 'epoch')
    """
    part, _, name = column.partition("_")
    if column == "epoch":
        return column
    return f"{part}/{name}" if name and part in ("train", "val") else f"epoch/{column}"
