"""The training loop: steps, inspections and epochs until a stop rule applies. It writes no files; callbacks do."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from trainlab.core.types import Array
from trainlab.data.lazy import expect_all
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import When
from trainlab.diagnose.view import View
from trainlab.engine.buffers import Workspace
from trainlab.engine.trainer import Trainer
from trainlab.store.status import State
from trainlab.training.callbacks import Callback, StepInfo
from trainlab.training.epoch_metrics import EpochMetrics
from trainlab.training.inspection_schedule import NEVER, InspectionSchedule
from trainlab.training.inspector import Inspector
from trainlab.training.monitoring import MonitorRunner
from trainlab.training.setup import TrainingSetup


class Ending(NamedTuple):
    """The state in which a training ended, and why if it was before its last epoch."""

    state: State
    reason: str = ""


class TrainingSession:
    """Trains the network of a setup with `fit`.

    monitored: inspect the network and run the config's monitors; otherwise a loss or gradient that is not finite ends
    the training · snapshots: the steps after which the schedule has annealed, and the number of each.
    """

    def __init__(self, setup: TrainingSetup, *, monitored: bool = True) -> None:
        self.setup, self.epochs, self.monitored = setup, setup.experiment.train.epochs, monitored
        self.trainer = Trainer(
            setup.net, setup.config, setup.parts.train.x, setup.t_train, setup.streams, setup.w_train
        )
        self.metrics = EpochMetrics(setup, self.trainer)
        settings = setup.experiment.monitors
        self.monitors = MonitorRunner(settings.active() if monitored else (), settings.stop_on)
        self.schedule = InspectionSchedule(
            settings.every if monitored else NEVER,
            setup.net.work * setup.config.batch_size,
            steps_per_epoch=self.trainer.steps_per_epoch,
            rows_per_epoch=len(setup.parts.train),
            epochs=self.epochs,
        )
        self.inspector = Inspector(setup, self.trainer, self.metrics.curves, self.schedule)
        ends = setup.config.schedule.snapshots(self.epochs)
        self.snapshots = {round(end * self.trainer.steps_per_epoch): number for number, end in enumerate(ends, start=1)}
        self._callbacks: Sequence[Callback] = ()
        self._until: int | None = None

    def fit(self, callbacks: Sequence[Callback] = (), *, until: int | None = None, beyond_end: bool = False) -> Ending:
        """Train from where the session is until a stop rule applies.

        until: stop after this epoch as if interrupted there · beyond_end: the run had ended; the rule that ended it
        does not apply again before the next step.
        """
        self._callbacks, self._until = callbacks, until
        trainer = self.trainer
        for callback in callbacks:
            callback.on_request = trainer.leave_step
        if not self.metrics.curves.rows:
            self._begin()
        expect_all(self.setup.parts.train.x)
        ending = self._stop_rule() if trainer.step and not beyond_end else None
        while ending is None and trainer.epoch < self.epochs:
            steps = trainer.advance(self._steps_to_run(), self._stop_requested)
            if steps:
                self._end_steps(trainer.records[:steps])
            if steps and self.monitored and (trainer.broken or self.schedule.step_due(trainer.step)):
                self.inspect("steps")
            if steps and self._between_epochs():
                self._end_epoch()
            ending = self._stop_rule()
        return ending or Ending("finished")

    def conclude(self) -> Sequence[Finding]:
        """Judge the end of the run: its last findings, then all in their final order. Returns those of the end."""
        before = len(self.monitors.findings)
        view = self.inspect("end")
        late = tuple(self.monitors.findings[before:])
        self.monitors.conclude(view)
        return late

    def inspect(self, when: When) -> View | None:
        """Measure the network at this moment, let the monitors judge it, and pass their findings to the callbacks.

        Returns what the monitors saw, None if none looks at this moment.
        """
        if when == "steps":
            names, values = self.inspector.statistics()
            self._end_inspection(names, values)
        if not self.monitors.watches(when):
            return None
        view = self.inspector.view(when, listener=self._probed)
        if when == "end" and self.metrics.stopped_improving():
            view = replace(view, out_of_patience=True)
        for finding in self.monitors.run(when, view):
            for callback in self._callbacks:
                callback.on_finding(finding)
        return view

    def _begin(self) -> None:
        """Epoch 0: the network before its first step."""
        if passes := self.setup.passes:
            names = [(layer, "lsuv_passes") for layer in passes]
            self._end_inspection(names, np.array([*passes.values()], np.float64))
        row = self.metrics.first_row()
        self.inspect("start")
        for callback in self._callbacks:
            callback.on_epoch_end(row)

    def inspect_again(self, callbacks: Sequence[Callback]) -> None:
        """Pass on the statistics of the end once more, in a run that was killed after its last checkpoint."""
        self._callbacks = callbacks
        if self.monitors.watches("end"):
            self.inspector.view("end", listener=self._probed)

    def _probed(self, work: Workspace) -> None:
        """Statistics of the layers before the first step, and at the end: no step is measured there."""
        if not self.schedule.step_due(self.trainer.step):
            self._end_inspection(*self.inspector.probed(work))

    def _steps_to_run(self) -> int:
        """Steps until the next inspection, the next snapshot or the end of the epoch."""
        step = self.trainer.step
        ends = [self.schedule.next_step(step), step + self.trainer.steps_left, *self.snapshots]
        return min(end for end in ends if end > step) - step

    def _end_steps(self, records: Array) -> None:
        trainer = self.trainer
        self.inspector.steps.append(records, trainer.step)
        info = StepInfo(trainer.step, trainer.step / trainer.steps_per_epoch, records)
        for callback in self._callbacks:
            callback.on_step_end(info)

    def _end_inspection(self, names: Sequence[tuple[str, str]], values: Array) -> None:
        for callback in self._callbacks:
            callback.on_inspection(self.trainer.step, names, values)

    def _end_epoch(self) -> None:
        row = self.metrics.epoch_row()
        if self.schedule.epoch_due(self.trainer.epoch):
            self.inspect("epoch")
        for callback in self._callbacks:
            callback.on_epoch_end(row)

    def _between_epochs(self) -> bool:
        return self.trainer.steps_left == self.trainer.steps_per_epoch

    def _stop_requested(self) -> bool:
        return any(callback.stop_reason for callback in self._callbacks)

    def _stop_rule(self) -> Ending | None:
        """How the training ends at this point; None if it continues."""
        trainer = self.trainer
        if (finding := self.monitors.stopping()) is not None:
            return Ending("diverged" if finding.code == "diverged" else "failed", finding.message)
        if trainer.broken and not self.monitored:
            return Ending("diverged", "the loss or a gradient is not finite")
        if self._between_epochs() and (reason := self.metrics.stopped_improving()):
            if not self.schedule.epoch_due(trainer.epoch):
                self.inspect("epoch")
            return Ending("finished", reason)
        if self._stop_requested():
            return Ending("interrupted", next(c.stop_reason for c in self._callbacks if c.stop_reason))
        if self._until is not None and self._until <= trainer.epoch < self.epochs:
            return Ending("interrupted", f"stopped after epoch {trainer.epoch}, as requested")
        return None
