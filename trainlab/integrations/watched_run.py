"""A run that another program trains: drives the callbacks and monitors of `training` with what its loop reports.

It knows no framework: a reader measures the model, the loop reports steps and epochs.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from math import isfinite, log, nan
from pathlib import Path
from statistics import median_low
from typing import Any
from warnings import warn

import numpy as np

from trainlab.core.best import BestRule
from trainlab.core.component import plain
from trainlab.core.dump import dump
from trainlab.core.types import Array, Task
from trainlab.diagnose.data_view import DataView
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import When
from trainlab.diagnose.probe import Probe
from trainlab.diagnose.program import Program
from trainlab.diagnose.structure import Structure
from trainlab.diagnose.view import UNKNOWN_VAL_ROWS, Curves, Steps, View
from trainlab.integrations.probe_accumulator import ProbeAccumulator
from trainlab.integrations.reading import LossFacts, ModelInfo, Reading
from trainlab.integrations.training_info import TrainingInfo
from trainlab.integrations.user_data import UserData
from trainlab.store.columns import METRICS_OF, metric_columns
from trainlab.store.environment import describe, write_environment
from trainlab.store.folder import RunFolder
from trainlab.store.status import State, Status
from trainlab.store.writing import write_atomic
from trainlab.training.callbacks import WATCHED, Callback, RunResult, StepInfo
from trainlab.training.epoch_metrics import BestTracker, Stopwatch
from trainlab.training.inspector import affordable_baselines
from trainlab.training.logger import RunLogger, StatusWriter
from trainlab.training.monitor_settings import Monitoring
from trainlab.training.monitoring import MonitorRunner

_GUESS = 5  # steps whose losses show where an unknown loss begins
_OF_NUMBERS = ("mse", "mae", "huber")
_UNKNOWN = 1 << 20  # epochs, as long as their number is unknown
_HEAD = f"""\
{WATCHED}: what was known of another program's training. It cannot be trained from this file;
# `trainlab report` and `trainlab diagnose` read the run.
"""


class _Report(Callback):
    """Calls a function with every finding."""

    def __init__(self, say: Callable[[Finding], object]) -> None:
        self._say = say

    def on_finding(self, finding: Finding) -> None:
        """Pass it on."""
        self._say(finding)


class WatchedRun:
    """A watched run, its folder and its monitors. say: is called once with every finding · rows: the data for a task.

    loss: our name of the loss, empty while it is unknown · program: what was seen of the loop so far.
    """

    def __init__(
        self,
        model: ModelInfo,
        *,
        name: str,
        runs: Path,
        training: TrainingInfo,
        monitors: Monitoring,
        say: Callable[[Finding], object],
        rows: Callable[[str], UserData | None] = lambda _: None,
        loss: str = "",
        program: Callable[[], Program | None] = lambda: None,
    ) -> None:
        self.model, self.training, self.loss, self._rows = model, training, loss, rows
        self._program, self._mean_loss, self._targets = program, False, nan
        self.data: UserData | None = None
        self.monitors = MonitorRunner(monitors.active(), monitors.stop_on)
        if training.loss_falls is False:
            self.monitors.leave_out_progress()
        self.clock, self.best = Stopwatch(), BestTracker(BestRule("train_loss", lower_is_better=True))
        self.curves, self.steps = Curves(), Steps()
        self.epoch = self.step = 0
        self.closed = False
        self._epoch_began = 0  # steps done before this epoch
        self._probe = ProbeAccumulator()
        self._structure: Structure | None = None
        self._view_of_data: DataView | None = None
        self._monitor_settings = plain(monitors)
        self._open = ExitStack()
        self.folder = RunFolder.create(runs, name)
        self._open.enter_context(self.folder.lock())
        self._write_config()
        write_environment(self.folder.environment, describe(Path()) | {"framework": model.framework})
        status = Status.begin(self.folder.name, training.epochs or None)
        writer = StatusWriter(self.folder.status, status, self.clock, self.best, self.monitors)
        self._callbacks: Sequence[Callback] = (writer, _Report(say))

    # ------------------------------------------------------------------ what the loop reports

    def begin(self, outputs: int, loss: float, score: float | None, reading: Reading | None) -> None:
        """The first batch, as the untrained network took it. outputs: numbers of a row's answer; 0 if unknown.

        Raises UserError if the data that were handed over do not fit the task.
        """
        self.data = self._rows(self.task)
        if self.task == "classification" and self.training.classes is None:
            known = outputs or (self.data.classes if self.data is not None else 0)
            self.training = replace(self.training, classes=max(2, known) if known else None)
        self._start_logger()
        if reading is not None:
            self._add(reading)
            self._structure = reading.structure if self.loss else None
            self._targets = self._size_of_targets(loss, reading)
        row = {"epoch": 0, "step": 0, "seconds": self._seconds, "train_loss": loss, f"train_{self.score}": score}
        row["lr"] = float(self.model.optimizer.get("lr", nan))
        self._add_penalty(row)
        self.curves.append(row)
        self._write_config()
        self._inspect("start", probe=self._probe.probe(loss))
        for callback in self._callbacks:
            callback.on_epoch_end(row)

    def end_steps(self, rows: Array, reading: Reading | None = None) -> None:
        """Some steps: a row (loss, lr, grad_norm, update_ratio) for each. reading: of the last of them.

        Monitors see a gradient norm that was not measured as 0.
        """
        self.step += len(rows)
        info = StepInfo(self.step, float(self.epoch), rows)
        for callback in self._callbacks:
            callback.on_step_end(info)
        rows = rows.copy()
        rows[np.isnan(rows[:, 2]) & np.isfinite(rows[:, 0]), 2] = nan if self.model.gradients else 0.0
        self.steps.append(rows, self.step)
        broken = ""
        if reading is not None:
            self._add(reading)
            numbers = rows[:, :3:2]  # loss and grad_norm
            first = np.isfinite(numbers[:-1]).all() and not np.isfinite(numbers[-1]).all()
            broken = reading.first_broken() if first else ""
        self._inspect("steps", fresh=len(rows), broken=broken or None)

    def end_epoch(self, scores: Mapping[str, float | None]) -> None:
        """The end of an epoch: its scores, by the columns of metrics.csv."""
        self.epoch += 1
        row: dict[str, Any] = {"epoch": self.epoch, "step": self.step, "seconds": self._seconds, **scores}
        self._add_penalty(row)
        self.curves.append(row)
        if row.get(f"val_{self.score}") is not None:
            self.best.prefer(f"val_{self.score}")
        elif row.get("val_loss") is not None:
            self.best.prefer("val_loss")
        if self.best.improves(row):
            self.best.update(row, {})
        probe = self._probe.probe()
        self._inspect("epoch", probe=probe)
        if probe is not None:
            self._probe = ProbeAccumulator()
        self._epoch_began = self.step
        for callback in self._callbacks:
            callback.on_epoch_end(row)

    def end(self, state: State, reason: str = "") -> None:
        """The run is over. Monitors of the end run only after a training that ended well."""
        if self.closed:
            return
        if state == "finished" and self.step:
            self.monitors.conclude(self._inspect("end", probe=self._probe.probe()))
        found = self.monitors.stopping()
        if state == "finished" and found is not None:
            state, reason = ("diverged" if found.code == "diverged" else "failed"), found.message
        self._start_logger()
        best = asdict(self.best.best) if self.best.best else None
        findings = tuple(self.monitors.findings)
        result = RunResult(
            self.folder.path, state, self.epoch, self.step, self.clock.seconds, best, None, findings, reason
        )
        for callback in self._callbacks:
            callback.on_train_end(result)
        self.closed = True
        self._open.close()

    def set_loss(self, loss: LossFacts) -> None:
        """What its first value shows of the loss; classes that were given stay."""
        self.loss, self._mean_loss = loss.name, loss.mean
        if self.training.classes is None and loss.classes > 1:
            self.training = replace(self.training, classes=loss.classes)

    def set_adversary(self) -> bool:
        """Another watched training takes turns with this one, as in a GAN: their losses tell nothing of progress.

        Returns whether that is assumed; False if the user has said whether the loss falls.
        """
        if self.training.loss_falls is not None:
            return False
        self.training = replace(self.training, loss_falls=False)
        self.monitors.leave_out_progress()
        self._write_config()
        return True

    def set_chance(self, chance: float) -> None:
        """The loss of a network that has learned nothing, unless it was given."""
        if self.training.chance is None:
            self.training = replace(self.training, chance=chance)

    @property
    def task(self) -> str:
        """The task that was given, or that the loss implies."""
        return self.training.task or ("regression" if self.loss in _OF_NUMBERS else "classification")

    @property
    def score(self) -> str:
        """`accuracy` or `r2`."""
        return METRICS_OF[self.task]

    @property
    def stop(self) -> bool:
        """Whether a finding ends the run."""
        return self.monitors.stopping() is not None

    @property
    def steps_of_epoch(self) -> int:
        """Steps of the current epoch so far."""
        return self.step - self._epoch_began

    @property
    def _seconds(self) -> float:
        return round(self.clock.seconds, 3)

    # ------------------------------------------------------------------ what the monitors see

    def _inspect(
        self, when: When, *, fresh: int = 0, probe: Probe | None = None, broken: str | None = None
    ) -> View | None:
        """Run the monitors, until a finding ends the run: what comes after it is no news. Returns what they saw.

        A monitor that raises causes a warning; it must not end another program's training.
        """
        if self.stop:
            return None
        try:
            view = self._view(when, fresh, probe, broken)
            findings = self.monitors.run(when, view)
        except Exception as error:  # any bug of a monitor
            warn(f"trainlab: monitors failed in epoch {self.epoch}: {type(error).__name__}: {error}", stacklevel=2)
            return None
        for finding in findings:
            for callback in self._callbacks:
                callback.on_finding(finding)
        return view

    def _view(self, when: When, fresh: int, probe: Probe | None, broken: str | None) -> View:
        chance, classes, data = self.chance, self.training.classes or 0, self._data_view()
        certain = self.task == "classification" and self.loss == "softmax_cross_entropy"
        baselines = None
        if when == "end" and data is not None and data.parts.val is not None:
            baselines = affordable_baselines(data, self.model.parameters, self.epoch)
        return View(
            epoch=self.epoch,
            step=self.step,
            epochs=self._epochs(when),
            steps_per_epoch=self._steps_per_epoch(),
            task=Task("regression" if self.task == "regression" else "classification", classes or 1),
            chance=chance,
            zero_loss=chance if certain else 0.0,
            steps=self.steps,
            curves=self.curves,
            settings=self._settings(),
            fresh=fresh,
            val_rows=self.training.val_rows or (self.data.val_rows if self.data else 0) or UNKNOWN_VAL_ROWS,
            train_rows=self.data.rows if self.data else 0,
            data=data if when in ("start", "end") else None,
            baselines=baselines,
            structure=self._structure,
            program=self._seen_program(),
            probe=probe,
            broken=broken,
            majority=(data.parts.majority if data is not None else 0.0) or (1.0 / classes if classes else 0.0),
        )

    @property
    def chance(self) -> float:
        """The loss of a network that has learned nothing: given, ln C, or where the losses began."""
        if self.training.chance is not None:
            return self.training.chance
        cross_entropy = self.loss in ("softmax_cross_entropy", "binary_cross_entropy")
        if self.task == "classification" and self.training.classes and cross_entropy:
            return log(self.training.classes)
        if self.task == "regression" and self.loss == "mse" and self.data and self.data.variance > 0:
            return self.data.variance
        first = [v for v in self.steps["loss"][:_GUESS].tolist() if isfinite(v)]
        if not first and self.curves.rows:
            first = [self.curves.rows[0]["train_loss"]]
        return median_low(first) if first else nan

    def _add_penalty(self, row: dict[str, Any]) -> None:
        """The l2 that the optimizer adds to the loss, if it has one and the user tells none."""
        seen = self._program() if self.model.decay else None
        if seen is not None and row.get("reg_loss") is None:
            row["reg_loss"] = seen.penalty

    def _seen_program(self) -> Program | None:
        seen = self._program()
        return replace(seen, targets=self._targets) if seen is not None else None

    def _size_of_targets(self, loss: float, reading: Reading) -> float:
        """The least root mean square of the targets with which the first squared error is so large.

        The error is at most as long as the outputs and the targets together.
        """
        if self.loss != "mse" or not self._mean_loss or not reading.layers or not loss >= 0:
            return nan
        end = reading.layers[-1]
        return loss**0.5 - (end.mean**2 + end.std**2) ** 0.5

    def _epochs(self, when: When) -> int:
        """How long the run will be. If that is unknown, monitors see it as if a third of it were over."""
        if when == "end":
            return self.epoch
        if self.training.epochs:
            return self.training.epochs
        return max(20, 3 * self.epoch) if self.epoch else _UNKNOWN

    def _data_view(self) -> DataView | None:
        """The data as the monitors see them, made once the number of classes is known."""
        if self._view_of_data is None and self.data is not None:
            self._view_of_data = self.data.view(self.training.classes or 0)
        return self._view_of_data

    def _steps_per_epoch(self) -> int:
        if self.data is not None and self.data.steps_per_epoch:
            return self.data.steps_per_epoch
        ends = [row["step"] for row in self.curves.rows[-2:]]
        return ends[1] - ends[0] if len(ends) == 2 and ends[1] > ends[0] else max(1, self.steps_of_epoch)

    # ------------------------------------------------------------------ what is written

    def _start_logger(self) -> None:
        """Log rows from here on: their columns depend on the task, which is known at the first batch."""
        if not any(isinstance(callback, RunLogger) for callback in self._callbacks):
            logger = self._open.enter_context(RunLogger(self.folder, metric_columns(self.task)))
            self._callbacks = (logger, *self._callbacks)

    def _add(self, reading: Reading) -> None:
        self._probe.add(reading)
        if values := reading.values():
            names = [(layer, quantity) for layer, quantity, _ in values]
            for callback in self._callbacks:
                callback.on_inspection(self.step, names, np.array([value for *_, value in values]))

    def _settings(self) -> dict[str, Any]:
        """What is known of the training, in the words of a config."""
        known: dict[str, Any] = {"optimizer": dict(self.model.optimizer)}
        if self.loss:
            known["loss"] = {"name": self.loss}
        if self.model.decay:
            known["regularization"] = {"l2": self.model.decay}
        return known

    def _write_config(self) -> None:
        training = {k: v for k, v in (asdict(self.training) | {"task": self.task}).items() if v or v is False}
        about = {"kind": "watched", "name": self.folder.name, "framework": self.model.framework}
        model = {"parameters": self.model.parameters, "repr": self.model.model}
        rest = {"watch": training | self.model.notes, "monitors": self._monitor_settings}
        text = dump(about | {"model": model} | self._settings() | rest)
        write_atomic(self.folder.config, (_HEAD + text).encode())
