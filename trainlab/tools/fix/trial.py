"""One trial of `fix`: the run's config with a patch, trained in a run folder of its own.

A trial is identified by its config. A finished one is never trained again, and one that was stopped or killed continues
from its last checkpoint, so `fix` can be stopped at any time and called again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from time import monotonic
from typing import Any

from trainlab.core import config
from trainlab.core.errors import UserError
from trainlab.diagnose.finding import Finding
from trainlab.store.findings import read_findings
from trainlab.store.folder import RunFolder, is_run
from trainlab.store.plain_yaml import read_config
from trainlab.store.rows import last_row
from trainlab.store.status import read_status
from trainlab.store.strict_json import dumps
from trainlab.tools.fix.budget import Budget
from trainlab.tools.fix.significance import bounded
from trainlab.tools.fix.suggestion import Patch, resolved, warnings
from trainlab.training.callbacks import Callback, StepInfo
from trainlab.training.experiment import Experiment, named
from trainlab.training.train import resume, train

ENDED = ("finished", "diverged", "failed")


@dataclass(frozen=True, slots=True)
class Trial:
    """The result of the config with a patch. metric: `val_accuracy` or the like · refused: why it could not run."""

    patch: Patch
    seed: int
    folder: Path | None
    state: str
    metric: str
    score: float
    seconds: float = 0.0
    diagnoses: tuple[Finding, ...] = ()
    refused: str = ""

    @property
    def warnings(self) -> list[Finding]:
        """The warnings and errors, root causes first."""
        return warnings(self.diagnoses)

    @property
    def kind(self) -> str:
        """`accuracy` or `r2`."""
        return self.metric.partition("_")[2]

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "patch": dict(self.patch),
            "seed": self.seed,
            "folder": str(self.folder) if self.folder else None,
            "state": self.state,
            self.metric: self.score,
            "seconds": self.seconds,
            "diagnoses": [d.code for d in self.warnings],
            "refused": self.refused or None,
        }


class StopError(Exception):
    """No more trials: the budget is spent, or the user stopped `fix`."""


class _Deadline(Callback):
    """Stops a trial when the time of `fix` is over."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline

    def on_step_end(self, info: StepInfo) -> None:
        """Look at the clock."""
        if monotonic() > self.deadline:
            self.request_stop("stopped by fix: its budget is spent")


@dataclass
class Trials:
    """The trials of one run, in its folder `fixes`. raw: the run's config · share: of its epochs that a trial runs.

    done: every trial so far, in order; `ran` counts those that were trained now.
    """

    raw: Mapping[str, Any]
    folder: Path
    metric: str
    budget: Budget = field(default_factory=Budget)
    share: float = 1.0
    callbacks: Sequence[Callback] = ()
    tell: Callable[[Trial], None] = lambda trial: None
    done: list[Trial] = field(default_factory=list[Trial])
    ran: int = 0

    def __post_init__(self) -> None:
        self._began = monotonic()
        self._known: dict[str, Trial] = {}
        self._folders: dict[str, Path] | None = None

    def add(self, trial: Trial) -> None:
        """Add a run that exists already."""
        self._known[self._key(self.config(trial.patch, trial.seed))] = trial
        self.done.append(trial)

    def config(self, patch: Patch, seed: int) -> dict[str, Any]:
        """The resolved config of a trial. Raises ConfigError."""
        made = resolved(self.raw, {**patch, "seed": seed})
        if self.share < 1:
            made["train"]["epochs"] = max(1, round(self.share * made["train"]["epochs"]))
        return made

    def run(self, patch: Patch, seed: int) -> Trial:
        """Train the config with this patch, unless that has been done.

        Raises StopError if no more may be run, or if it was stopped while it ran.
        """
        try:
            made = self.config(patch, seed)
        except UserError as error:
            made, refused = {"patch": dict(patch), "seed": seed}, str(error)
        else:
            refused = ""
        key = self._key(made)
        if key in self._known:
            return self._known[key]
        if self._interrupted():
            raise StopError("interrupted")
        if self.ran >= self.budget.runs or monotonic() - self._began >= self.budget.seconds:
            raise StopError("budget")
        if refused:
            trial = Trial(patch, seed, None, "refused", self.metric, -inf, refused=refused)
        else:
            trial = self._trained(made, key, patch, seed)
        self._known[key] = trial
        return self._kept(trial)

    def _kept(self, trial: Trial) -> Trial:
        self.done.append(trial)
        self.tell(trial)
        return trial

    def _trained(self, made: dict[str, Any], key: str, patch: Patch, seed: int) -> Trial:
        callbacks = [*self.callbacks, _Deadline(self._began + self.budget.seconds)]
        folder = self._earlier().get(key)
        try:
            if folder is None:
                untracked: dict[str, Any] = {**made, "trackers": []}  # a trial is no run of the user's
                document = named(config.read_plain(Experiment, untracked, "patched config"))
                folder = train(document, runs=self.folder, name="fix", callbacks=callbacks).folder
            elif not _ended(folder):
                resume(folder, callbacks=callbacks)
        except UserError as error:  # shapes or data that the patch does not fit
            return Trial(patch, seed, None, "refused", self.metric, -inf, refused=str(error))
        if not _ended(folder):
            raise StopError("interrupted" if self._interrupted() else "budget")
        self.ran += 1
        return read_trial(folder, patch, seed, self.metric)

    def _interrupted(self) -> bool:
        return any(callback.stop_reason for callback in self.callbacks)

    def _earlier(self) -> dict[str, Path]:
        """Trials of an earlier call, by config."""
        if self._folders is None:
            there = sorted(self.folder.iterdir()) if self.folder.is_dir() else []
            self._folders = {}
            for path in there:
                if is_run(path) and (path / "config.yaml").exists():
                    self._folders[self._key(read_config(path / "config.yaml"))] = path
        return self._folders

    def _key(self, made: Mapping[str, Any]) -> str:
        return dumps({k: v for k, v in made.items() if k not in ("name", "description", "sweep", "trackers")})


def read_trial(folder: Path, patch: Patch, seed: int, metric: str) -> Trial:
    """The result of a trial, read from its run folder."""
    run = RunFolder(folder)
    status = read_status(run.status)
    last = last_row(run.metrics)
    value = last.get(metric) if status.state == "finished" else None
    found = read_findings(run.diagnoses) if run.diagnoses.exists() else []
    score = bounded(metric.partition("_")[2], value)
    diagnoses = tuple(Finding.from_dict(line) for line in found)
    return Trial(patch, seed, folder, status.state, metric, score, status.seconds, diagnoses)


def _ended(folder: Path) -> bool:
    status = RunFolder(folder).status
    return status.exists() and read_status(status).state in ENDED
