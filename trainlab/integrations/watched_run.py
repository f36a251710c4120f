"""The run folder of a training that somebody else drives: rows, findings and status, and the Views for its monitors.

It knows no framework: a gauge measures, a loop tells of steps and epochs, and the journal keeps the books.
"""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, replace
from math import isfinite, log, nan
from pathlib import Path
from statistics import median_low
from time import monotonic
from typing import Any
from warnings import warn

import numpy as np

from trainlab.core.component import plain
from trainlab.core.dump import dump
from trainlab.core.types import Array, Task
from trainlab.diagnose.data_view import DataView
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import When
from trainlab.diagnose.probe import Probe
from trainlab.diagnose.structure import Structure
from trainlab.diagnose.view import Curves, Steps, View
from trainlab.integrations.model_info import Subject
from trainlab.integrations.probe_accumulator import Seen
from trainlab.integrations.reading import Known, Reading
from trainlab.integrations.user_data import Given
from trainlab.store.columns import METRICS_OF
from trainlab.store.environment import describe, write_environment
from trainlab.store.folder import RunFolder
from trainlab.store.status import State, Status, now, write_status
from trainlab.store.writing import write_atomic
from trainlab.training.callbacks import EXIT_CODES, WATCHED, StepInfo
from trainlab.training.epoch_metrics import BestTracker
from trainlab.training.logger import RunLogger
from trainlab.training.monitor_settings import Monitoring
from trainlab.training.monitoring import MonitorRunner

_TELL_EVERY = 0.5  # seconds between versions of status.json
_SHARE = 0.03  # of the run's multiplications may go into baselines
_GUESS = 5  # steps whose losses tell where an unknown loss begins
_VAL_ROWS = 1000  # assumed where nobody tells: enough that the noise of a score explains nothing
_OF_NUMBERS = ("mse", "mae", "huber")
_UNKNOWN = 1 << 20  # steps of an epoch, or epochs, while nobody can tell
_HEAD = f"""\
{WATCHED}: what was known of another program's training. It cannot be trained from this file;
# `trainlab report` and `trainlab diagnose` read the run.
"""


class Journal:
    """The books of one watched run. `say` is told of every finding, once. rows: the data, for a task."""

    def __init__(
        self,
        known: Known,
        *,
        name: str,
        runs: Path,
        subject: Subject,
        monitors: Monitoring,
        say: Callable[[Finding], object],
        rows: Callable[[str], Given | None] = lambda _: None,
    ) -> None:
        self.subject, self.known, self.say, self._rows = subject, known, say, rows
        self.data: Given | None = None
        self.babysitter = MonitorRunner(monitors.active(), monitors.stop_on)
        self.curves, self.steps = Curves(), Steps()
        self.leader = BestTracker("train_loss")
        self.loss = ""  # our name of the loss, once it is known
        self.epoch_count = self.step_count = 0
        self._began = self._told = monotonic()
        self._epoch_began = 0  # steps done before this epoch
        self._seen = Seen()
        self._structure: Structure | None = None
        self._view_of_data: DataView | None = None
        self._recorder: RunLogger | None = None
        self._monitors = plain(monitors)
        self._fresh = 0
        self._open = ExitStack()
        self.folder = RunFolder.create(runs, name)
        self._open.enter_context(self.folder.lock())
        self._write_config()
        write_environment(self.folder.environment, describe(Path()) | {"framework": known.framework})
        self.status = Status.begin(self.folder.name, subject.epochs or None)
        write_status(self.folder.status, self.status)

    # ------------------------------------------------------------------ what the loop tells

    def meet(self, outputs: int) -> None:
        """At the first batch, once `loss` is known: how many numbers the answer for a row has (0: nobody knows).

        Raises UserError if the data that were handed over do not belong to the task.
        """
        task = self.task
        self.data = self._rows(task)
        if task == "classification" and self.subject.classes is None:
            known = outputs or (self.data.classes if self.data is not None else 0)
            self.subject = replace(self.subject, classes=max(2, known) if known else None)

    def begin(self, loss: float, score: float | None, reading: Reading | None) -> None:
        """The first batch, as the untrained network took it."""
        if reading is not None:
            self._keep(0, reading)
            self._structure = reading.structure if self.loss else None
        row = {"epoch": 0, "step": 0, "seconds": self.seconds, "train_loss": loss, f"train_{self.score}": score}
        self._tell(row | {"lr": float(self.known.optimizer.get("lr", nan))})
        self._write_config()
        self._look("start", probe=self._seen.probe(loss))

    def took(self, rows: Array, reading: Reading | None = None) -> None:
        """Some steps: a row (loss, lr, grad_norm, update_ratio) for each. reading: of the last of them.

        A gradient's length that nobody measured is 0 to the monitors.
        """
        self.step_count += len(rows)
        self.recorder.on_step_end(StepInfo(self.step_count, 0.0, rows))
        rows = rows.copy()
        rows[np.isnan(rows[:, 2]) & np.isfinite(rows[:, 0]), 2] = nan if self.known.gradients else 0.0
        self.steps.append(rows, self.step_count)
        self._fresh = len(rows)
        broken = ""
        if reading is not None:
            self._keep(self.step_count, reading)
            sound = rows[:-1, :3:2]
            broken = (
                reading.first_broken() if np.isfinite(sound).all() and not np.isfinite(rows[-1, :3:2]).all() else ""
            )
        self._look("steps", broken=broken or None)
        if monotonic() - self._told >= _TELL_EVERY:
            self._write_status()

    def close_epoch(self, row: Mapping[str, float | None]) -> None:
        """The end of an epoch: its scores, by the columns of metrics.csv."""
        self.epoch_count += 1
        first = {"epoch": self.epoch_count, "step": self.step_count, "seconds": self.seconds}
        self._tell(first | dict(row))
        probe = self._seen.probe()
        self._look("epoch", probe=probe)
        if probe is not None:
            self._seen = Seen()
        self._epoch_began = self.step_count
        self._write_status()

    def end(self, state: State, reason: str = "") -> None:
        """The run is over. Monitors of the end look only at one that ended well."""
        if self.closed:
            return
        if state == "finished" and self.step_count:
            self._look("end", probe=self._seen.probe())
        found = self.babysitter.stopping()
        if state == "finished" and found is not None:
            state, reason = ("diverged" if found.code == "diverged" else "failed"), found.message
        self.status = self._now().ended_as(state, EXIT_CODES[state], reason)
        write_status(self.folder.status, self.status)
        with self.recorder:
            self._open.close()

    @property
    def task(self) -> str:
        """What was said, or what the loss tells."""
        return self.subject.task or ("regression" if self.loss in _OF_NUMBERS else "classification")

    @property
    def score(self) -> str:
        """`accuracy` or `r2`."""
        return METRICS_OF[self.task]

    @property
    def recorder(self) -> RunLogger:
        """What appends to the folder's files; made when the task is known, as columns are called by it."""
        if self._recorder is None:
            self._recorder = RunLogger(self.folder, self.task)
        return self._recorder

    @property
    def stop(self) -> bool:
        """Whether something was found that is to end the run."""
        return self.babysitter.stopping() is not None

    @property
    def epoch_steps(self) -> int:
        """Steps of the epoch that goes on."""
        return self.step_count - self._epoch_began

    @property
    def seconds(self) -> float:
        """Since the watch began."""
        return round(monotonic() - self._began, 3)

    # ------------------------------------------------------------------ what the monitors see

    def _look(self, when: When, *, probe: Probe | None = None, broken: str | None = None) -> None:
        """Let the monitors look, until something was found that ends a run: what comes after it is no news.

        A monitor that fails is told of, and must not end somebody's training.
        """
        if self.stop:
            return
        view = self._view(when, probe, broken)
        self._fresh = 0
        try:
            found = list(self.babysitter.run(when, view))
        except Exception as error:  # any bug of a monitor's
            warn(f"trainlab: monitors failed in epoch {view.epoch}: {type(error).__name__}: {error}", stacklevel=2)
            return
        for diagnosis in found:
            self.recorder.on_finding(diagnosis)
            self.say(diagnosis)

    def _view(self, when: When, probe: Probe | None, broken: str | None) -> View:
        chance = self.chance
        classes = self.subject.classes or 0
        certain = self.task == "classification" and self.loss == "softmax_cross_entropy"
        data = self._data_view()
        return View(
            epoch=self.epoch_count,
            step=self.step_count,
            epochs=self._epochs(when),
            steps_per_epoch=self._steps_per_epoch(),
            task=Task("regression" if self.task == "regression" else "classification", classes or 1),
            chance=chance,
            zero_loss=chance if certain else 0.0,
            steps=self.steps,
            curves=self.curves,
            settings=self._settings(),
            fresh=self._fresh,
            val_rows=self.subject.val_rows or (self.data.val_rows if self.data else 0) or _VAL_ROWS,
            train_rows=self.data.rows if self.data else 0,
            data=data if when in ("start", "end") else None,
            baselines=self._baselines(data) if when == "end" else None,
            structure=self._structure,
            probe=probe,
            broken=broken,
            majority=self._majority(data) or (1.0 / classes if classes else 0.0),
        )

    @property
    def chance(self) -> float:
        """The loss of a network that has learned nothing: given, ln C, or where the losses began."""
        if self.subject.chance is not None:
            return self.subject.chance
        cross_entropy = self.loss in ("softmax_cross_entropy", "binary_cross_entropy")
        if self.task == "classification" and self.subject.classes and cross_entropy:
            return log(self.subject.classes)
        if self.task == "regression" and self.loss == "mse" and self.data and self.data.variance > 0:
            return self.data.variance
        first = [v for v in self.steps["loss"][:_GUESS].tolist() if isfinite(v)]
        if not first and self.curves.rows:
            first = [self.curves.rows[0]["train_loss"]]
        return median_low(first) if first else nan

    def _epochs(self, when: When) -> int:
        """How long the run will be. Where nobody knows, it is as if a third of it were over."""
        if when == "end":
            return self.epoch_count
        if self.subject.epochs:
            return self.subject.epochs
        return max(20, 3 * self.epoch_count) if self.epoch_count else _UNKNOWN

    def _data_view(self) -> DataView | None:
        """The data as the monitors see them, made once the number of classes is known."""
        if self._view_of_data is None and self.data is not None:
            self._view_of_data = self.data.view(self.subject.classes or 0)
        return self._view_of_data

    def _majority(self, data: DataView | None) -> float:
        """The share of the commonest class; 0 where nobody knows."""
        if data is None or self.task != "classification":
            return 0.0
        return float(data.counts.max() / max(1, data.counts.sum()))

    def _baselines(self, data: DataView | None) -> dict[str, float] | None:
        """Scores of the simplest rules, where there are rows to score them on."""
        if data is None or data.parts.val is None:
            return None
        trained = 3.0 * self.known.parameters * len(data.parts.train) * max(1, self.epoch_count)
        return data.baselines(_SHARE * trained)

    def _steps_per_epoch(self) -> int:
        if self.data is not None and self.data.steps_per_epoch:
            return self.data.steps_per_epoch
        ends = [row["step"] for row in self.curves.rows[-2:]]
        return ends[1] - ends[0] if len(ends) == 2 and ends[1] > ends[0] else max(1, self.epoch_steps)

    def _keep(self, step: int, reading: Reading) -> None:
        self._seen.add(reading)
        if values := reading.values():
            self.recorder.on_inspection(
                step, [(layer, quantity) for layer, quantity, _ in values], np.array([value for *_, value in values])
            )

    # ------------------------------------------------------------------ what is written

    def _tell(self, row: Mapping[str, Any]) -> None:
        self.recorder.on_epoch_end(row)
        self.curves.append(row)
        metric = f"val_{self.score}" if row.get(f"val_{self.score}") is not None else "val_loss"
        if self.leader.epoch < 0 and row.get(metric) is not None:
            self.leader = BestTracker(metric)
        if self.epoch_count and self.leader.improves(row):
            self.leader.update(row, {})

    def _settings(self) -> dict[str, Any]:
        """What is known of the training, in the words of a config."""
        known: dict[str, Any] = {"optimizer": dict(self.known.optimizer)}
        if self.loss:
            known["loss"] = {"name": self.loss}
        if self.known.decay:
            known["regularization"] = {"l2": self.known.decay}
        return known

    def _write_config(self) -> None:
        subject = {k: v for k, v in (asdict(self.subject) | {"task": self.task}).items() if v}
        about = {"kind": "watched", "name": self.folder.name, "framework": self.known.framework}
        model = {"parameters": self.known.parameters, "repr": self.known.model}
        rest = {"watch": subject | self.known.notes, "monitors": self._monitors}
        text = dump(about | {"model": model} | self._settings() | rest)
        write_atomic(self.folder.config, (_HEAD + text).encode())

    def _write_status(self) -> None:
        write_status(self.folder.status, self._now())
        self._told = monotonic()

    def _now(self) -> Status:
        self.status = replace(
            self.status,
            updated=now(),
            seconds=self.seconds,
            epoch=self.epoch_count,
            step=self.step_count,
            best=self.leader.best,
            diagnoses=self.babysitter.counts(),
        )
        return self.status

    @property
    def closed(self) -> bool:
        """Whether the run is over."""
        return self.status.ended is not None
