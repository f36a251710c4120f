"""One run: trains an experiment, watches it, and writes its folder as it goes.

Everything that the future of a run depends on is in a checkpoint: arrays, generators' states, sums of the epoch, and
how long each file was. A run that was killed is cut back to its last checkpoint and goes on to the same weights, bit
for bit.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from time import monotonic
from typing import Any, cast

import numpy as np

from trainlab.core.component import plain
from trainlab.core.config import Document
from trainlab.core.dump import dump
from trainlab.core.errors import UserError
from trainlab.core.types import Array
from trainlab.data.cache import SplitsCache
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import When
from trainlab.diagnose.trials import TRIALS
from trainlab.engine import selection
from trainlab.engine.backend import RECORDS
from trainlab.engine.blas import pinned
from trainlab.store.environment import describe, write_environment
from trainlab.store.findings import read_findings
from trainlab.store.folder import RunFolder
from trainlab.store.rows import read_rows
from trainlab.store.status import State, Status, now, write_status
from trainlab.store.writing import write_atomic
from trainlab.training.callbacks import EXIT_CODES, Callback, RunInfo, RunResult, StepInfo
from trainlab.training.checkpointing import Checkpointer
from trainlab.training.equipment import Equipment, equip
from trainlab.training.error_analysis import write_mistakes
from trainlab.training.experiment import Experiment, read, read_own
from trainlab.training.logger import RunLogger
from trainlab.training.resuming import engine_of, environment, left_behind, same_config, same_data
from trainlab.training.run_summary import write_start
from trainlab.training.setup import build

_LOOK_STEPS, _DEAR = 200, 4  # shorter epochs share a look at the curves, which costs four looks at a tiny network
_TELL_EVERY = 0.5  # seconds between versions of status.json while the run goes on


def train(
    document: Document[Experiment],
    *,
    runs: Path = Path("runs"),
    name: str | None = None,
    into: Path | None = None,
    until: int | None = None,
    callbacks: Sequence[Callback] = (),
    cache: SplitsCache | None = None,
    equipment: Equipment | None = None,
) -> RunResult:
    """Train an experiment in a new run folder: `runs/NAME-N`, or the folder `into`.

    With `until` it stops after that epoch as if interrupted there; `resume` goes on to the same bits.
    `cache`: keeps the dataset for further runs of this process. `equipment`: what `equip` has made of this document,
    where that was done ahead.
    Raises ConfigError or DataError before anything is made; a folder is made only for a run that can start.
    """
    experiment = document.value
    equipment = equipment or equip(document, cache)
    with pinned(experiment.train.threads):
        folder = RunFolder.create(runs, name or experiment.name, into=into)
        with folder.lock():
            return _begun(equipment, document, folder, callbacks, until)


def _begun(
    equipment: Equipment,
    document: Document[Experiment],
    folder: RunFolder,
    callbacks: Sequence[Callback],
    until: int | None,
) -> RunResult:
    setup = equipment.setup
    experiment, settings = setup.experiment, plain(setup.experiment)
    if document.file != folder.config or document.raw != settings:  # a trial's is there, and was written whole
        write_atomic(folder.config, dump(settings).encode())
    source = Path(document.file) if document.file else Path()
    data = {"fingerprint": setup.parts.fingerprint, "train_rows": len(setup.parts.train)}
    write_environment(
        folder.environment, describe(source.parent, data) | {"engine": selection.describe(*engine_of(experiment))}
    )
    write_start(folder, setup)
    status = Status.begin(folder.name, experiment.train.epochs)
    write_status(folder.status, status)
    run = Run(equipment, folder, status, callbacks, until)
    return run.guarded(run.begin)


def resume(
    run: Path | str,
    *,
    runs: Path = Path("runs"),
    callbacks: Sequence[Callback] = (),
    cache: SplitsCache | None = None,
    epochs: int = 0,
    until: int | None = None,
    document: Document[Experiment] | None = None,
) -> RunResult:
    """Go on with a run from its last checkpoint, up to `epochs` epochs if that is more than its config says.

    With `until` it stops after that epoch as if interrupted there, at once if it has come so far already.
    `document`: the config that the caller believes the run to have; only its epochs may differ.
    Raises UserError if the run has finished, has another config or other data by now, or another process trains in it.
    """
    folder = RunFolder.open(run, runs)
    with folder.lock():
        own = read_own(folder.config)
        if document is not None:
            same_config(own.value, document.value, folder)
            more = document.value.train.epochs
            epochs = epochs or (more if more > own.value.train.epochs else 0)
        with pinned(own.value.train.threads):
            return _resumed(folder, own, epochs, callbacks, until, cache)


def _resumed(
    folder: RunFolder,
    own: Document[Experiment],
    epochs: int,
    callbacks: Sequence[Callback],
    until: int | None,
    cache: SplitsCache | None,
) -> RunResult:
    status = left_behind(folder)
    engine, note = selection.select_to_resume(environment(folder).get("engine"), *engine_of(own.value))
    changes: dict[str, Any] = {"train.epochs": epochs} if epochs else {}
    if engine != own.value.train.engine:
        changes["train.engine"] = engine
    setup = build(read(folder.config, changes) if changes else own, cache=cache)
    same_data(setup, folder)
    done = setup.experiment.train.epochs <= status.epoch
    if status.state == "finished" and (done or not epochs):
        raise UserError(
            f"{folder.path}: this run has finished ({status.epoch} epochs); to train it further say how far: "
            f"train.epochs={2 * max(1, status.epoch)}"
        )
    if epochs:
        write_atomic(folder.config, dump(plain(setup.experiment)).encode())
    status = replace(status.resumed(), epochs=setup.experiment.train.epochs)
    write_status(folder.status, status)
    again = Run(Equipment(setup), folder, status, callbacks, until)
    again.note = note
    return again.guarded(again.go_further if epochs else again.go_on)


class Run:
    """A run in its folder: the loop over chunks of steps, looks, epochs and checkpoints."""

    def __init__(
        self,
        equipment: Equipment,
        folder: RunFolder,
        status: Status,
        callbacks: Sequence[Callback],
        until: int | None = None,
    ) -> None:
        setup = equipment.setup
        self.equipment, self.until, self.note = equipment, until, ""
        self.setup, self.folder, self.status, self.callbacks = setup, folder, status, callbacks
        self.settings = setup.experiment.train
        self.course, self.trainer = equipment.course, equipment.trainer
        self.course.begin(status.seconds)
        self.babysitter, self.cadence = equipment.babysitter, equipment.cadence
        self.observer, self.gauge = equipment.observer, equipment.gauge
        self.steps = self.observer.steps
        self.recorder = RunLogger(folder, setup.parts.task.kind)
        self.checkpoints = Checkpointer(folder.checkpoints, setup, self.course)
        self._told = monotonic()

    def stop_requested(self) -> bool:
        """Whether a callback has requested a stop."""
        return any(callback.stop_reason for callback in self.callbacks)

    def begin(self) -> RunResult:
        """From the first step."""
        self._start(None)
        if self.setup.passes:
            passes = self.setup.passes
            self.recorder.layers(0, [(n, "lsuv_passes") for n in passes], np.array([*passes.values()], np.float64))
        self._tell(self.equipment.first_row)
        self._found(self.equipment.first_findings)
        return self._loop(None)

    def go_on(self) -> RunResult:
        """From the last checkpoint, to what would have been the end; from the first step if there is none yet."""
        return self._go_on(look_back=True)

    def go_further(self) -> RunResult:
        """From the last checkpoint, although the run had come to its end."""
        return self._go_on(look_back=False)

    def _go_on(self, *, look_back: bool) -> RunResult:
        if not self.checkpoints.last.exists():
            self.recorder.cut(dict.fromkeys(("metrics", "steps", "layers", "diagnoses"), 0))
            return self.begin()
        files, recent = self.checkpoints.go_on()
        self.recorder.cut(files)
        self._read_back(recent)
        self._start(self.trainer.step)
        return self._loop(self._ending() if look_back and self.trainer.step else None)

    def guarded(self, live: Any) -> RunResult:
        """Run, and leave a true status behind whatever happens."""
        try:
            return live()
        except BaseException as error:
            state: State = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
            reason = f"{type(error).__name__}: {error}".rstrip(": ")
            ended = self._status().ended_as(state, 2 if isinstance(error, UserError) else EXIT_CODES[state], reason)
            write_status(self.folder.status, ended)
            raise
        finally:
            self.recorder.close()

    def _start(self, resumed_at: int | None) -> None:
        parts, net = self.setup.parts, self.setup.net
        info = RunInfo(
            name=self.folder.name,
            folder=self.folder.path,
            epochs=self.settings.epochs,
            steps_per_epoch=self.trainer.steps_per_epoch,
            train_rows=len(parts.train),
            val_rows=len(parts.val) if parts.val else 0,
            test_rows=len(parts.test) if parts.test else 0,
            parameters=net.size,
            resumed_at=resumed_at,
            note=self.note,
            skipped=() if resumed_at else self.babysitter.left_out("start", TRIALS),
        )
        for callback in self.callbacks:
            callback.on_train_begin(info)

    def _loop(self, ending: tuple[str, str] | None) -> RunResult:
        """Train to the end; `ending` is what a run that goes on had come to already."""
        t = self.trainer
        while ending is None and t.epoch < self.settings.epochs:
            mark = next((step for step in self.checkpoints.marks if step > t.step), t.step + t.steps_left)
            chunk = min(self.cadence.next(t.step) - t.step, t.steps_left, mark - t.step)
            done = t.advance(chunk, self.stop_requested)
            self._keep(done)
            if t.step in self.checkpoints.marks and not t.broken:
                self.checkpoints.save_snapshot()
            if t.broken or self.cadence.at(t.step):
                self._look("steps", layers=True)
            if done and t.steps_left == t.steps_per_epoch:
                self._end_epoch()
            ending = self._ending()
        return self._finish(*(ending or ("finished", "")))

    def _ending(self) -> tuple[str, str] | None:
        """The state and the reason with which the run ends at this point; None if it goes on."""
        t = self.trainer
        if (found := self.babysitter.says_stop()) is not None:
            return ("diverged" if found.code == "diverged" else "failed"), found.message
        if reason := self.course.enough():
            if not self._epoch_look_due():
                self._look("epoch")
            return "finished", reason
        if self.stop_requested():
            return "interrupted", next(c.stop_reason for c in self.callbacks if c.stop_reason)
        if self.until is not None and self.until <= t.epoch < self.settings.epochs:
            return "interrupted", f"stopped after epoch {t.epoch}, as it was told to"
        return None

    def _keep(self, done: int) -> None:
        """Record the steps just done."""
        t = self.trainer
        rows = t.records[:done]
        if done:
            self.steps.append(rows, t.step)
            self.recorder.steps(t.step, rows)
            info = StepInfo(t.step, t.step / t.steps_per_epoch, rows)
            for callback in self.callbacks:
                callback.on_step_end(info)

    def _end_epoch(self) -> None:
        self._tell(self.course.close_epoch())
        if self._epoch_look_due():
            self._look("epoch")
        if self.checkpoints.due():
            began = monotonic()
            self.checkpoints.save(self.recorder.positions(), self.steps.recent, self.recorder.paths)
            self.checkpoints.keep()
            self.checkpoints.saved(began)
        if monotonic() - self._told >= _TELL_EVERY:
            write_status(self.folder.status, self._status())
            self._told = monotonic()

    def _epoch_look_due(self) -> bool:
        """After the last epoch, and after each that crosses 200 steps or more: a look costs as much as many steps."""
        return self.trainer.epoch == self.settings.epochs or self._crosses(self.trainer.epoch)

    def _crosses(self, epoch: int) -> bool:
        steps = self.trainer.steps_per_epoch
        gap = max(_LOOK_STEPS, _DEAR * self.cadence.gap(epoch * steps))
        return epoch * steps // gap > (epoch - 1) * steps // gap

    def _first_of_epoch(self) -> bool:
        """Whether this look is the first since an epoch began."""
        t = self.trainer
        return self.cadence.last(t.step - 1) < t.step // t.steps_per_epoch * t.steps_per_epoch

    def _tell(self, row: dict[str, Any]) -> None:
        self.recorder.epoch(row)
        for callback in self.callbacks:
            callback.on_epoch_end(row)

    def _look(self, when: When, *, layers: bool = False) -> None:
        """Let the monitors look, and keep what they find; on the way measure the layers."""
        t = self.trainer
        if layers:
            with np.errstate(all="ignore"):
                self.recorder.layers(t.step, self.gauge.names, self.gauge.values(t.last_batch.rows))
                if self._first_of_epoch() and not t.broken and self.gauge.bins:
                    self.recorder.layers(t.step, self.gauge.bins, self.gauge.histograms(t.last_batch.rows))
        self._found(self.equipment.look(when, broken=layers and t.broken))

    def _found(self, findings: Iterable[Finding]) -> None:
        for found in findings:
            self.recorder.finding(found)
            for callback in self.callbacks:
                callback.on_finding(found)

    def _finish(self, state: str, reason: str) -> RunResult:
        """Save, test the best weights, tell how it ended: the status comes last, when all else is on the disk."""
        files = self.recorder.positions()  # what is found at the end does not bind a run that goes further
        if state == "finished":
            self._look("end")
        folder, ended = self.folder, cast("State", state)
        self.checkpoints.save(files, self.steps.recent, [*self.recorder.paths, folder.config, folder.environment])
        test = self._test(self.checkpoints.best) if state != "interrupted" else None
        self.status = replace(self._status(), test=test or {}, reason=reason)
        write_status(folder.status, self.status.ended_as(ended, EXIT_CODES[state], reason))
        best = asdict(self.status.best) if self.status.best else None
        outcome = RunResult(
            self.folder.path,
            state,
            self.trainer.epoch,
            self.trainer.step,
            self.course.seconds,
            best,
            test,
            tuple(self.babysitter.said),
            reason,
        )
        for callback in self.callbacks:
            callback.on_train_end(outcome)
        return outcome

    def _test(self, best: Path) -> dict[str, float] | None:
        """Loss and score on the test rows, with the best weights; their mistakes, else those of the validation rows."""
        setup, parts = self.setup, self.setup.parts
        part, rows, t = ("test", parts.test, setup.t_test) if parts.test else ("val", parts.val, setup.t_val)
        if not rows or t is None or not best.exists():
            return None
        epoch = self.checkpoints.take_best(best)
        outputs = self.course.evaluator.outputs(rows.x)
        write_mistakes(self.folder, setup, outputs, part=part, epoch=epoch)
        if part != "test":
            return None
        scores = self.course.evaluator.compare(outputs, t)
        return {"loss": scores.loss, self.course.score: scores.score}

    def _read_back(self, recent: Array) -> None:
        """What the monitors need to know of the past, from the files; recent: the last steps, none left out."""
        self.course.curves.rows[:] = _as_rows(read_rows(self.folder.metrics))
        table = read_rows(self.folder.steps)
        self.steps.restore(np.array([table[name] for name in RECORDS], dtype=np.float64).T)
        self.steps.recent, self.steps.count = recent, self.trainer.step
        epoch = self.trainer.steps_per_epoch
        looked = next((done * epoch for done in range(self.trainer.epoch, 0, -1) if self._crosses(done)), 0)
        self.observer.seen = max(self.cadence.last(self.trainer.step), looked)
        self.babysitter.said = [Finding.from_dict(d) for d in read_findings(self.folder.diagnoses)]

    def _status(self) -> Status:
        self.status = replace(
            self.status,
            updated=now(),
            seconds=round(self.course.seconds, 3),
            epoch=self.trainer.epoch,
            step=self.trainer.step,
            best=self.course.leader.best,
            diagnoses=self.babysitter.counts(),
        )
        return self.status


def _as_rows(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
