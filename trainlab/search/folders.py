"""The run folders of a sweep's trials: their paths, their state, and their preparation.

A trial with one run has the folder `trials/0007`; with several runs, each has a folder inside it, `trials/0007/1`.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from socket import gethostname
from typing import Any

from trainlab.core.component import plain
from trainlab.core.dump import dump
from trainlab.core.errors import UserError
from trainlab.diagnose.finding import Finding
from trainlab.search.executors.leftovers import wait_for_running
from trainlab.search.experiment import read
from trainlab.search.space import SearchSpace, Trial
from trainlab.search.table import Part, known_end, part_of, reached
from trainlab.store.folder import is_run
from trainlab.store.opening import read_own
from trainlab.store.process import before_restart
from trainlab.store.reading import RunRecord
from trainlab.store.rows import read_trials
from trainlab.store.strict_json import dumps, loads
from trainlab.store.writing import named_errors, write_atomic

_LONG = 60.0  # seconds: a run that took longer has waited for the disk by itself (`BRIEF`)


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders below `trials` of a sweep."""

    sweep: Path
    space: SearchSpace

    def prepare(self) -> None:
        """Make the folder `trials`, wait until no process of an earlier session trains in it, and remove what the last
        power cut may have damaged.
        """
        trials = self.sweep / "trials"
        with named_errors(trials, "write"):
            trials.mkdir(exist_ok=True)
            found = sorted(path for path in trials.iterdir() if path.is_dir())
        runs = [[path] if is_run(path) else sorted(p for p in path.iterdir() if is_run(p)) for path in found]
        wait_for_running([run for inside in runs for run in inside])
        kept = self._in_table()
        for path, inside in zip(found, runs, strict=True):
            for run in inside if path.name not in kept else []:
                if _perhaps_damaged(run):
                    shutil.rmtree(run)

    def of(self, number: int, index: int) -> Path:
        """The run folder of a trial's run, counted from 0."""
        trial = self.sweep / "trials" / f"{number:04}"
        return trial if self.space.sweep.runs == 1 else trial / str(index + 1)

    def record(self, number: int, index: int) -> RunRecord:
        """The present content of a run's folder."""
        path = self.of(number, index)
        return RunRecord(path, path.name)

    def began(self, number: int) -> bool:
        """Whether anything of a trial is on disk."""
        return (self.sweep / "trials" / f"{number:04}").exists()

    def parts(self, trial: Trial, until: int | None) -> list[Part]:
        """The result of each run of a trial up to an epoch."""
        metric, named = self.space.sweep.metric, trial.experiment.monitors.stop_on
        runs = range(self.space.sweep.runs)
        return [part_of(self.record(trial.number, i), metric, until, named, trial.experiment.train.ties) for i in runs]

    def is_done(self, trial: Trial, index: int, until: int | None, *, rescued: bool, learns: bool) -> bool:
        """Whether a run needs no (further) training: it has ended by itself, or reached the epoch.

        If its settings are not the trial's, a trial that `learns` from others is trained again, because their results
        may have changed. Raises UserError for a trial that does not: then the sweep's config was changed.
        """
        record = self.record(trial.number, index)
        if known_end(record) is None and not reached(record, until):
            return False
        if not self._is_its_own(trial, index, record):
            if learns:
                return False
            raise UserError(
                f"{record.path}: this trial was trained with other settings than {self.sweep / 'sweep.yaml'} gives it: "
                "the sweep's config was changed. Undo the change, or start a new sweep"
            )
        named = trial.experiment.monitors.stop_on
        return not (rescued and part_of(record, self.space.sweep.metric, None, named).state == "stopped")

    def make_ready(self, trial: Trial, index: int, *, rescued: bool) -> bool:
        """Prepare the folder of a run. Returns whether the run resumes from what is there."""
        record, path = self.record(trial.number, index), self.of(trial.number, index)
        experiment = self.space.runs(trial.experiment, rescued=rescued)[index]
        goes_on = record.state in ("interrupted", "killed") or rescued
        if goes_on and record.folder.config.exists() and self._is_its_own(trial, index, record):
            if rescued:
                write_atomic(record.folder.config, dump(plain(experiment)).encode())
            return True
        with named_errors(path, "write"):
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir(parents=True)
        write_atomic(path / "config.yaml", dump(plain(experiment)).encode())
        return False

    def fold_rows(self, number: int) -> int:
        """About how many rows a fold of a trial has; 0 if unknown."""
        folds = self.space.sweep.folds
        try:
            environment: dict[str, Any] = loads(read_own(self.record(number, 0).folder.environment))
            return round(environment["data"]["train_rows"] / (folds - 1)) if folds else 0
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def keep(self, number: int, found: Sequence[Finding]) -> None:
        """Write the findings about all runs of a trial into its folder, as findings.jsonl."""
        path = self.sweep / "trials" / f"{number:04}" / "findings.jsonl"
        if found:
            write_atomic(path, "".join(f"{dumps(one.as_dict())}\n" for one in found).encode())
        else:
            path.unlink(missing_ok=True)

    def _in_table(self) -> set[str]:
        """The folder names of the trials in trials.csv: they were on the disk before their rows were."""
        try:
            return {f"{int(number):04}" for number in read_trials(self.sweep / "trials.csv")["trial"]}
        except (UserError, KeyError, ValueError, TypeError):
            return set()

    def _is_its_own(self, trial: Trial, index: int, record: RunRecord) -> bool:
        own = [self.space.runs(trial.experiment, rescued=rescued)[index] for rescued in (False, True)]
        try:
            text = read_own(record.folder.config)
            if any(text == dump(plain(experiment)).encode() for experiment in own):
                return True  # the usual case, without parsing YAML
            return read(record.folder.config, own=True).value in own
        except (OSError, UserError):
            return False


def _perhaps_damaged(run: Path) -> bool:
    """Whether a short run was made here before the machine was restarted: the disk may not have got all of it."""
    status = RunRecord(run, run.name).status
    if status is None or status.host != gethostname():
        return False
    return status.seconds < _LONG and before_restart(status.process)
