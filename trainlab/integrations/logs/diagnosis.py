"""Diagnoses a training log from its curves alone: replays the log to the monitors.

Losses are read relative to chance. If chance is not given, it is guessed from the beginning of the log, and the result
says so.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from trainlab.core.component import plain, registered
from trainlab.core.errors import UserError
from trainlab.core.types import Array, Task
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor
from trainlab.diagnose.view import UNKNOWN_VAL_ROWS, Curves, Steps, View
from trainlab.integrations.logs.chance import Chance, guess
from trainlab.integrations.logs.epochs import epochs_of, interpolated
from trainlab.integrations.logs.reader import Log, Row, read_log
from trainlab.store import checkpoint
from trainlab.store.folder import RunFolder, is_run
from trainlab.store.forms import WatchedConfig, require
from trainlab.store.meta import Meta
from trainlab.store.plain_yaml import read_config
from trainlab.store.writing import named_errors
from trainlab.training.experiment import read
from trainlab.training.monitoring import MonitorRunner

_CHUNK = 20  # rows between inspections, as in training
_UNKNOWN = 20  # epochs, at least, of a training that goes on
_BESIDE = ("lr", "reg_loss", "grad_norm", "update_ratio")
_LOOKED_UP = 400_000  # epochs times looks
_FEWEST = 3  # losses: two of them fall or rise, whatever the training does


@dataclass(frozen=True, slots=True)
class Judged:
    """The findings of the monitors for a log.

    task: `unknown` if the log has no score · epochs, steps: its length (steps 0: one row per epoch) · chance: the loss
    at chance level, and `guessed` if the user did not set it · ran: the codes that were checked · blind: codes that
    lacked columns, and which · skipped: codes that need more than curves, by what they need · measured: a row per epoch
    with what was measured, from epoch 1, or 0 if the untrained network was measured · table, numbers: the logged steps,
    see `Epochs`.
    """

    log: Log
    task: str
    epochs: int
    steps: int
    chance: float
    guessed: bool
    curves: Sequence[Mapping[str, Any]]
    diagnoses: Sequence[Finding]
    ran: Sequence[str]
    blind: Mapping[str, Sequence[str]]
    skipped: Mapping[str, Sequence[str]]
    measured: Sequence[Mapping[str, Any]]
    table: Array
    numbers: Array

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        told = ("task", "epochs", "steps", "chance", "guessed", "ran", "blind", "skipped")
        log = {"format": self.log.format, "columns": dict(self.log.columns), "unused": self.log.unused}
        log |= {"notes": self.log.notes}
        return log | {k: getattr(self, k) for k in told} | {"diagnoses": [d.as_dict() for d in self.diagnoses]}


def judge(
    path: Path,
    mapping: Sequence[str] = (),
    *,
    classes: int | None = None,
    chance: float | None = None,
    regression: bool = False,
    format_name: str | None = None,
    ended: bool = True,
) -> Judged:
    """Read a log (or a run folder) and let every monitor that can live on curves judge it.

    classes, regression, chance: what was trained, where it is known · ended: the training is over; otherwise it is seen
    as if a third of it were done. Raises UserError if the log cannot be read.
    """
    settings: dict[str, Any] = {}
    own_steps: Log | None = None
    if "\0" in str(path):
        raise UserError(f"{str(path)!r}: no file can have this name")
    with named_errors(path, "read"):
        path.stat()
    if path.is_dir() and is_run(path):
        folder = RunFolder.open(path, path.parent)
        log = replace(read_log(folder.metrics, mapping), notes=())
        settings = _settings(folder)
        own_steps = read_log(folder.steps, unit="step") if folder.steps.exists() else None
        told: dict[str, Any] = settings.get("watch") or {}  # of another program's training
        classes, chance = classes or _own_classes(folder) or told.get("classes"), chance or told.get("chance")
        regression = regression or "train_r2" in log.columns
        log = replace(
            log, of_numbers=log.of_numbers and classes is None
        )  # levels in order have an error of numbers, too
    else:
        log = read_log(path, mapping, format_name)
    with np.errstate(all="ignore"):
        return _Replay(log, own_steps, settings, classes, chance, regression, ended).judged()


def _settings(folder: RunFolder) -> dict[str, Any]:
    """The config of a run, empty if there is none. Raises UserError if it is no config that monitors could read."""
    if not folder.config.exists():
        return {}
    settings = read_config(folder.config)
    if "watch" in settings:  # of another program's training: only parts of a config
        require(folder.config, settings, WatchedConfig)
        return settings
    return plain(read(folder.config, own=True).value)


def _own_classes(folder: RunFolder) -> int | None:
    """The number of classes of a trainlab run; None if it cannot be read."""
    last = folder.checkpoints / "last.safetensors"
    if not last.exists():
        return None
    meta = checkpoint.load(last)[1]
    require(last, meta, Meta)
    task: dict[str, Any] = meta["task"]
    return max(2, int(task["outputs"])) if task.get("kind") == "classification" else None


def _missing(log: Log) -> list[str]:
    """What cannot be seen in this log."""
    if "train_loss" not in log.columns:
        name = log.columns["val_loss"]
        return [f"there is no training loss: {name} is judged in its place, and overfitting only by its rise"]
    if "val_loss" not in log.columns:
        return ["there is no validation loss: overfitting cannot be seen"]
    return []


@dataclass
class _Steps(Steps):
    """Steps that remember which columns were asked for, and which numbers the logged ones have."""

    asked: set[str] = field(default_factory=set[str])
    numbers: Array = field(default_factory=lambda: np.empty(0))

    def add(self, rows: Array, numbers: Array) -> None:
        """Add logged steps without thinning them out."""
        self.restore(rows)
        self.recent = np.concatenate([self.recent, rows])[-256:]
        self.numbers = np.concatenate([self.numbers, numbers])
        self.count = int(self.numbers[-1])

    def step_of(self, back: int) -> int:
        """As in Steps."""
        return int(self.numbers[-1 - back])

    def __getitem__(self, column: str) -> Array:
        self.asked.add(column)
        return super().__getitem__(column)

    def tail(self, column: str, steps: int) -> Array:
        """As in Steps."""
        self.asked.add(column)
        return super().tail(column, steps)


@dataclass
class _Curves(Curves):
    """Curves that remember which columns were asked for."""

    asked: set[str] = field(default_factory=set[str])

    def __getitem__(self, column: str) -> Array:
        self.asked.add(column)
        return super().__getitem__(column)


class _Replay:
    """A log cut into epochs and steps, and the Views of its moments."""

    def __init__(
        self,
        log: Log,
        own_steps: Log | None,
        settings: Mapping[str, Any],
        classes: int | None,
        chance: float | None,
        regression: bool,
        ended: bool,
    ) -> None:
        cut = epochs_of(log, own_steps)
        losses = max(sum("train_loss" in row or "val_loss" in row for row in cut.made), len(cut.table))
        few = f"too few logged losses ({losses}) to tell how the training went" if losses < _FEWEST else ""
        self.log, self.ended = log, ended and not few
        self.table, self.numbers, self.ends, self.done = cut.table, cut.numbers, cut.ends, cut.done
        self.measured: set[str] = {*log.columns, *(own_steps.columns if own_steps else ())}
        scored = bool({"train_accuracy", "val_accuracy"} & set(log.columns))
        by_class = not regression and not log.of_numbers and (scored or classes is not None)
        self.kind = "classification" if by_class else "regression"
        known = by_class or regression or log.of_numbers
        self.task = self.kind if known else "unknown"
        made = cut.made
        if "train_loss" not in log.columns:  # the validation loss stands in for it
            made = [row | ({"train_loss": row["val_loss"]} if "val_loss" in row else {}) for row in made]
            self.measured.add("train_loss")
        self.guessed = chance is None and not classes
        at = self._chance(made, cut.untrained, classes, chance)
        self.chance, self.majority = at.loss, at.majority
        self.log = replace(log, notes=[*log.notes, *_missing(log), *(note for note in (at.note, few) if note)])
        self.curves = self._filled(made, cut.untrained)
        first = 0 if cut.untrained else 1
        steps = cut.done if "step" in self.measured else cut.ends if len(cut.table) else [None] * len(cut.done)
        numbered = zip(range(first, first + len(cut.made)), cut.made, steps[first:], strict=False)
        self.measured_rows = [{**row, "epoch": e, "step": done} for e, row, done in numbered]
        self.epochs = len(self.curves) - 1
        whole = Curves(self.curves)
        self.read = {c: whole[c] for c in self.curves[0]}  # read once, not for each View
        rates = np.array([row["lr"] for row in self.curves if row.get("lr") is not None])
        rates = rates[np.isfinite(rates)]
        self.peak = float(rates.max()) if len(rates) else 0.0
        self.plan = rates / self.peak if self.peak > 0 and len(rates) > 2 else None
        own = {"optimizer": {"lr": self.peak}} if self.peak else {}
        self.settings = {**own, **settings}
        self.steps = _Steps()

    def _chance(self, made: Sequence[Row], untrained: bool, classes: int | None, given: float | None) -> Chance:
        """The loss and the accuracy at chance: given, by the number of classes, or guessed."""
        by_class = self.kind == "classification"
        if self.guessed:
            first = made[0].get("train_loss") if untrained else (self.table[0, 0] if len(self.table) else None)
            at = guess(made, classes=by_class, numbers=self.task == "regression", first=first)
        else:
            at = Chance(given or math.log(classes or 2))
        majority = at.majority or (1 / classes if classes else min(0.5, math.exp(-min(50.0, at.loss))))
        return replace(at, majority=majority if by_class else 0.0)

    def judged(self) -> Judged:
        """Replay all of it."""
        monitors = [cls.model_validate({}) for cls in registered(Monitor)]
        able = [m for m in monitors if all(self._has(need) for need in m.needs)]
        monitor_runner = MonitorRunner(able)
        looks = max(60, _LOOKED_UP // max(1, self.epochs))
        every = -(-self.epochs // looks) if self.epochs else 1
        for epoch in range(1, self.epochs + 1):
            for view in self._advance(epoch):
                list(monitor_runner.run("steps", view))
            if epoch % every == 0 or epoch == self.epochs:
                list(monitor_runner.run("epoch", self._view(epoch)))
        if self.ended:
            last = self._view(self.epochs)
            list(monitor_runner.run("end", last))
            monitor_runner.conclude(last)
        ran = [m.name for m in able if set(m.when) & {"steps", "epoch", "end"}]
        return Judged(
            self.log,
            self.task,
            self.epochs,
            len(self.table),
            self.chance,
            self.guessed,
            self.curves,
            [self._told(d) for d in monitor_runner.findings],
            ran,
            {m.name: lacks for m in able if m.name in ran and (lacks := self._lacks(m))},
            {m.name: [n for n in m.needs if not self._has(n)] for m in monitors if m not in able},
            self.measured_rows,
            self.table,
            self.numbers,
        )

    def _has(self, need: str) -> bool:
        return self._view(self.epochs).has(need) if need != "steps" else bool(len(self.table))

    def _lacks(self, monitor: Monitor) -> list[str]:
        """The columns that a monitor asks for at the end of the log, and that it does not have."""
        view = self._view(self.epochs)
        self.steps.asked.clear()
        curves = view.curves
        list(monitor.inspect(view))
        asked: set[str] = self.steps.asked - {"loss"}
        asked |= curves.asked if isinstance(curves, _Curves) else asked
        return sorted(asked - self.measured - {"train_loss"})

    def _advance(self, epoch: int) -> Iterator[View]:
        """The Views between the steps of an epoch."""
        start, stop = (self.ends[epoch - 1], self.ends[epoch]) if len(self.table) else (0, 0)
        for first in range(start, stop, _CHUNK):
            here = slice(first, min(stop, first + _CHUNK))
            self.steps.add(self.table[here], self.numbers[here])
            yield replace(self._view(epoch - 1), step=self.steps.count, fresh=here.stop - first)

    def _view(self, epoch: int) -> View:
        per_epoch = max(1, round((self.done[-1] - self.done[0]) / max(1, self.epochs)))
        return View(
            epoch=epoch,
            step=self.done[epoch],
            epochs=self.epochs if self.ended else max(_UNKNOWN, 3 * epoch),
            steps_per_epoch=per_epoch,
            task=Task("regression" if self.kind == "regression" else "classification", 1),
            chance=self.chance,
            zero_loss=self.chance,
            val_rows=UNKNOWN_VAL_ROWS,
            steps=self.steps,
            curves=_Curves(self.curves[: epoch + 1], {c: values[: epoch + 1] for c, values in self.read.items()}),
            settings=self.settings,
            lr_plan=self.plan,
            majority=self.majority,
            train_measured="train_loss" in self.log.columns,
        )

    def _told(self, found: Finding) -> Finding:
        """The finding without numbers that were not measured; steps were assumed where the log has epochs only."""
        unmeasured = {"grad_norm", "update_ratio", "lr", "where"} - self.measured
        found = replace(found, evidence={k: v for k, v in found.evidence.items() if k not in unmeasured})
        if "step" in self.measured or len(self.table):
            return found
        return replace(found, step=None, because=tuple(code.partition("@")[0] for code in found.because))

    def _filled(self, made: Sequence[Row], untrained: bool) -> list[dict[str, Any]]:
        """A row an epoch, the untrained network's first; what it has not measured there is what chance gives."""
        score = "r2" if self.kind == "regression" else "accuracy"
        asked = ("train_loss", "val_loss", f"train_{score}", f"val_{score}", *_BESIDE)
        columns = [c for c in asked if c in self.measured]
        knew_nothing = {"train_loss": self.chance, "val_loss": self.chance}
        knew_nothing |= {f"train_{score}": self.majority, f"val_{score}": self.majority}
        start = {c: knew_nothing[c] for c in columns if c in knew_nothing}
        before: dict[str, Any] = {"step": 0, **start, **(made[0] if untrained else {})}
        later = made[untrained:]
        for column in columns:  # what was first measured later is not on a line from a guess
            known = next((i for i, row in enumerate(later) if column in row), 0)
            later = [*({**row, column: later[known][column]} for row in later[:known]), *later[known:]]
        rows = interpolated([before, *later], columns)
        keep = {"step", *columns}
        return [
            {"epoch": e, f"train_{score}": None, "step": None, **{k: v for k, v in row.items() if k in keep}}
            for e, row in enumerate(rows)
        ]
