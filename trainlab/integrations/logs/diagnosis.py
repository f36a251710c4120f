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

from trainlab.core.component import registered
from trainlab.core.types import Array, Task
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import Monitor
from trainlab.diagnose.view import UNKNOWN_VAL_ROWS, Curves, Steps, View
from trainlab.integrations.logs.reader import Log, Row, read_log
from trainlab.store import checkpoint
from trainlab.store.folder import RunFolder, is_run
from trainlab.store.plain_yaml import read_config
from trainlab.training.monitoring import MonitorRunner

_CHUNK = 20  # steps between inspections, as in training
_WINDOWS = 20  # epochs that a log without epochs is cut into
_STEPS = 100  # of an epoch, if unknown
_MEANS = ("train_loss", "train_accuracy", "train_r2", "grad_norm", "update_ratio")  # others: an epoch's last value
_BESIDE = ("lr", "reg_loss", "grad_norm", "update_ratio")
_LOOKED_UP = 400_000  # epochs times looks


@dataclass(frozen=True, slots=True)
class Judged:
    """The findings of the monitors for a log.

    epochs, steps: its length (steps 0: one row per epoch) · chance: the loss at chance level, and `guessed` if the user
    did not set it · ran: the codes that were checked · blind: codes that lacked columns, and which · skipped: codes
    that need more than curves, by what they need.
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

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        told = ("task", "epochs", "steps", "chance", "guessed", "ran", "blind", "skipped")
        log = {"columns": dict(self.log.columns), "unused": self.log.unused, "notes": self.log.notes}
        return log | {k: getattr(self, k) for k in told} | {"diagnoses": [d.as_dict() for d in self.diagnoses]}


def judge(
    path: Path,
    mapping: Sequence[str] = (),
    *,
    classes: int | None = None,
    chance: float | None = None,
    regression: bool = False,
) -> Judged:
    """Read a log (or a run folder) and let every monitor that can live on curves judge it.

    classes, regression, chance: what was trained, where it is known. Raises UserError if the log cannot be read.
    """
    settings: dict[str, Any] = {}
    own_steps: Log | None = None
    if path.is_dir() and is_run(path):
        folder = RunFolder(path)
        log = read_log(folder.metrics, mapping)
        settings = read_config(folder.config) if folder.config.exists() else {}
        own_steps = read_log(folder.steps) if folder.steps.exists() else None
        told: dict[str, Any] = settings.get("watch") or {}  # of another program's training
        classes, chance = classes or _own_classes(folder) or told.get("classes"), chance or told.get("chance")
        regression = regression or "train_r2" in log.columns
    else:
        log = read_log(path, mapping)
    with np.errstate(all="ignore"):
        return _Replay(log, own_steps, settings, classes, chance, regression).judged()


def _own_classes(folder: RunFolder) -> int | None:
    """The number of classes of a trainlab run; None if it cannot be read."""
    last = folder.checkpoints / "last.safetensors"
    if not last.exists():
        return None
    task: dict[str, Any] = checkpoint.load(last)[1].get("task", {})
    return max(2, int(task["outputs"])) if task.get("kind") == "classification" else None


@dataclass
class _Steps(Steps):
    """Steps that remember which columns were asked for."""

    asked: set[str] = field(default_factory=set[str])

    def add(self, rows: Array) -> None:
        """Add steps without thinning them out."""
        self.restore(rows)
        self.recent = np.concatenate([self.recent, rows])[-256:]
        self.count += len(rows)

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
    ) -> None:
        self.log = log
        groups, untrained = _epochs(log)
        counts = [sum("train_loss" in row for row in group) for group in groups]
        trained = groups[untrained:]
        rows = own_steps.rows if own_steps else log.rows
        has_steps = own_steps is not None or sum(counts[untrained:]) > 1.5 * len(trained)
        self.table = _table(rows) if has_steps else np.empty((0, 4))
        self.measured: set[str] = {*log.columns, *(own_steps.columns if own_steps else ())}
        scores = {"train_accuracy", "val_accuracy"} & set(log.columns)
        self.kind = "regression" if regression or not (scores or classes) else "classification"
        made = [_summed(group) for group in groups]
        first = self.table[0, 0] if len(self.table) else None
        self.guessed = chance is None and not classes
        self.chance = chance or (
            math.log(classes)
            if classes
            else _chance(made, self.kind, made[0].get("train_loss") if untrained else first)
        )
        if self.kind == "classification":
            self.majority = 1 / classes if classes else min(0.5, math.exp(-self.chance))
        else:
            self.majority = 0.0
        self.curves = self._filled(made, untrained)
        self.epochs = len(self.curves) - 1
        if own_steps is not None:
            done = [int(row.get("step") or 0) for row in self.curves]
            self.ends = [min(n, len(self.table)) for n in done]
        elif len(self.table):
            self.ends = np.cumsum([0, *counts[untrained:]]).tolist()
        else:
            self.ends = [int(row.get("step") or 0) for row in self.curves]
            if self.ends != sorted(self.ends) or not self.ends[-1]:
                self.ends = [_STEPS * e for e in range(self.epochs + 1)]
        rates = np.array([row["lr"] for row in self.curves if row.get("lr") is not None])
        rates = rates[np.isfinite(rates)]
        self.peak = float(rates.max()) if len(rates) else 0.0
        self.plan = rates / self.peak if self.peak > 0 and len(rates) > 2 else None
        own = {"optimizer": {"lr": self.peak}} if self.peak else {}
        self.settings = {**own, **settings}
        self.steps = _Steps()

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
        list(monitor_runner.run("end", self._view(self.epochs)))
        ran = [m.name for m in able if set(m.when) & {"steps", "epoch", "end"}]
        return Judged(
            self.log,
            self.kind,
            self.epochs,
            len(self.table),
            self.chance,
            self.guessed,
            self.curves,
            [self._told(d) for d in monitor_runner.findings],
            ran,
            {m.name: lacks for m in able if m.name in ran and (lacks := self._lacks(m))},
            {m.name: [n for n in m.needs if not self._has(n)] for m in monitors if m not in able},
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
            rows = self.table[first : min(stop, first + _CHUNK)]
            self.steps.add(rows)
            yield replace(self._view(epoch - 1), step=self.steps.count, fresh=len(rows))

    def _view(self, epoch: int) -> View:
        per_epoch = max(1, round((self.ends[-1] - self.ends[0]) / max(1, self.epochs)))
        return View(
            epoch=epoch,
            step=self.ends[epoch],
            epochs=self.epochs,
            steps_per_epoch=per_epoch,
            task=Task("regression" if self.kind == "regression" else "classification", 1),
            chance=self.chance,
            zero_loss=self.chance,
            val_rows=UNKNOWN_VAL_ROWS,
            steps=self.steps,
            curves=_Curves([dict(row) for row in self.curves[: epoch + 1]]),
            settings=self.settings,
            lr_plan=self.plan,
            majority=self.majority,
        )

    def _told(self, found: Finding) -> Finding:
        """The finding without numbers that were not measured."""
        unmeasured = {"grad_norm", "update_ratio", "lr", "where"} - self.measured
        return replace(found, evidence={k: v for k, v in found.evidence.items() if k not in unmeasured})

    def _filled(self, made: Sequence[Row], untrained: bool) -> list[dict[str, Any]]:
        """A row an epoch, the untrained network's first; what an epoch lacks is what was last known."""
        score = "r2" if self.kind == "regression" else "accuracy"
        asked = ("train_loss", "val_loss", f"train_{score}", f"val_{score}", *_BESIDE)
        columns = [c for c in asked if c in self.measured]
        knew_nothing = {"train_loss": self.chance, "val_loss": self.chance}
        knew_nothing |= {f"train_{score}": self.majority, f"val_{score}": self.majority}
        first: dict[str, Any] = {c: next((row[c] for row in made if c in row), None) for c in columns}
        start = {c: knew_nothing.get(c, first[c]) for c in columns}
        rows: list[dict[str, Any]] = [] if untrained else [{"epoch": 0, "step": 0, f"train_{score}": None, **start}]
        known = first
        for row in made:
            own = {c: row[c] for c in columns if c in row}
            filled = {**(known if rows else start), **own}
            rows.append({"epoch": len(rows), "step": row.get("step"), f"train_{score}": None, **filled})
            known = {**known, **own}
        return rows


def _epochs(log: Log) -> tuple[list[list[Row]], bool]:
    """The rows by epoch, and whether the first one is the untrained network (epoch 0 at step 0)."""
    rows = log.rows
    if "epoch" not in log.columns:
        if "step" not in log.columns or len(rows) <= _WINDOWS:
            return [[row] for row in rows], False
        size = -(-len(rows) // _WINDOWS)
        return [list(rows[i : i + size]) for i in range(0, len(rows), size)], False
    known = [row["epoch"] for row in rows if math.isfinite(row.get("epoch", math.nan))]
    fractional = any(e != int(e) for e in known)
    groups: dict[float, list[Row]] = {}
    here = known[0] if known else 0.0
    for row in rows:
        if math.isfinite(row.get("epoch", math.nan)):
            here = row["epoch"]
        key = math.ceil(here - 1e-9) if fractional else here
        groups.setdefault(max(key, 1) if fractional and row.get("step", 1) > 0 else key, []).append(row)
    ordered = [groups[key] for key in sorted(groups)]
    alone = len(ordered) > 1 and len(ordered[0]) == 1
    return ordered, alone and min(groups) == 0 and ordered[0][0].get("step", 1) == 0


def _summed(group: Sequence[Row]) -> Row:
    """One row for an epoch: means of what was measured while training, last values of all else."""
    made: Row = {}
    for row in group:
        made.update(row)
    for column in _MEANS:
        values = [row[column] for row in group if column in row]
        if len(values) > 1:
            whole = all(map(math.isfinite, values))
            made[column] = math.fsum(v / len(values) for v in values) if whole else math.nan
    return made


def _table(rows: Sequence[Row]) -> Array:
    """A row (loss, lr, grad_norm, update_ratio) for each step; a gradient norm that was not measured is 0."""
    steps: list[list[float]] = []
    lr = math.nan
    for row in rows:
        lr = row.get("lr", lr)
        if "train_loss" in row:
            steps.append([row["train_loss"], lr, row.get("grad_norm", 0.0), row.get("update_ratio", math.nan)])
    return np.array(steps, dtype=np.float64).reshape(-1, 4)


def _chance(made: Sequence[Row], kind: str, first: float | None) -> float:
    """A guess of the loss of a network that knows nothing, from the beginning of the log.

    That is the first loss, unless the first score shows that much had been learned by then: from accuracy 0.35 on, of a
    loss l at accuracy a about l / (1 - a) was there in the beginning.
    """
    losses = [row["train_loss"] for row in made if 0 < row.get("train_loss", math.nan) < 1e6][:1]
    if first is not None and 0 < first < 1e6:
        losses = [first, *losses]
    loss = max(losses, default=1.0)
    if kind == "regression":
        return loss
    score = next((row["train_accuracy"] for row in made if "train_accuracy" in row), math.nan)
    if first is None and score > max(0.35, 1.6 * math.exp(-min(loss, 50.0))):
        loss = min(loss / max(1.0 - score, 0.1), math.log(1000))
    return max(loss, math.log(2))
