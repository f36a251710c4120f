"""The results of a sweep: what came of each trial, as its folders tell, and the files trials.csv and best.yaml."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from trainlab.core.component import plain
from trainlab.core.dump import dump
from trainlab.diagnose.finding import Finding
from trainlab.search.cv_checks import suspicious_folds
from trainlab.search.folders import Folders
from trainlab.search.space import SearchSpace, Trial
from trainlab.search.strategy import PastTrial
from trainlab.search.table import Row, State, Table, oriented, ranked, row_of
from trainlab.store.writing import sync_file_system, write_atomic


class Results:
    """Draws the trials and keeps their rows.

    refused: why draws of a trial made no valid config, by trial · crashes: why a run's process ended, by trial and run.
    """

    def __init__(self, folder: Path, space: SearchSpace, folders: Folders) -> None:
        self._folder, self._space, self._folders = folder, space, folders
        self._sweep = space.sweep
        staged = any(cohort.waits for cohort in space.cohorts)
        self._table = Table(
            folder / "trials.csv", self._sweep.metric, list(space.distributions), space.sweep.runs, staged
        )
        self._trials: dict[int, Trial] = {}  # those without a final row
        self._crashes: dict[tuple[int, int], str] = {}
        self._past: dict[int, list[PastTrial]] = {}  # by cohort
        self._best: int | None = None  # the trial whose config is in best.yaml
        self.refused: dict[int, tuple[str, ...]] = {}

    @property
    def rows(self) -> dict[int, Row]:
        """The rows of the trials that are over, by number."""
        return self._table.rows

    def trial(self, number: int) -> Trial:
        """Draw the trial of this number."""
        if number in self._trials:
            return self._trials[number]
        trial = self._space.trial(number, self._past_of(self._space.cohort_of(number)))
        self.refused[number] = trial.refused
        if number not in self.rows:
            self._trials[number] = trial
        return trial

    def row(self, number: int, until: int | None, *, status: State | None = None, reason: str = "") -> Row:
        """The final row of a trial, or what it came to up to an epoch: `interrupted` if it may continue from there."""
        return self.rows.get(number) or self._read(number, until, status, reason)

    def add(self, row: Row) -> None:
        """Make this the final row of its trial."""
        self._table.put(row)
        self._trials.pop(row.trial, None)

    def withdraw(self, number: int) -> Row:
        """Take a trial's row back, because the trial continues."""
        return self._table.take(number)

    def add_crash(self, number: int, index: int, reason: str) -> None:
        """Note why a run's process ended, though its folder does not tell of an end."""
        self._crashes[number, index] = reason

    def by_score(self, rows: Iterable[Row]) -> list[int]:
        """The trials of these rows that have a score, the best first."""
        scored = [(score, row.trial) for row in rows if (score := oriented(row.score, self._sweep.metric)) is not None]
        return [number for _, number in sorted(scored)]

    def write(self) -> None:
        """Bring trials.csv and best.yaml up to date. The disk has a trial's folder before the table has its row."""
        sync_file_system(self._folder)
        self._table.write()
        best = next(iter(ranked(self.rows.values(), self._sweep.metric)), None)
        if best and best.trial != self._best:
            runs = f"the mean of {self._sweep.runs} runs" if self._sweep.runs > 1 else f"at epoch {best.best_epoch}"
            head = f"# trial {best.trial} of {self._folder.name}: {self._sweep.metric} {best.score:.4g}, {runs}\n"
            config = dump(plain(self.trial(best.trial).experiment))
            write_atomic(self._folder / "best.yaml", (head + config).encode())
            self._best = best.trial

    def _read(self, number: int, until: int | None, status: State | None, reason: str) -> Row:
        trial = self.trial(number)
        parts = self._folders.parts(trial, until)
        for index in range(len(parts)):
            if (number, index) in self._crashes and parts[index].state is None:
                parts[index] = replace(parts[index], state="failed", reason=self._crashes[number, index])
        stage = self._space.cohort_of(number) + 1 if self._table.staged else 0
        folds, metric = self._sweep.folds, self._sweep.metric
        row = row_of(trial, parts, status=status, reason=reason, folds=folds, stage=stage, metric=metric)
        if self._sweep.folds and row.status == "finished":
            codes = (finding.code for finding in self._fold_findings(trial, row, self._sweep.folds))
            row = replace(row, diagnoses=tuple(dict.fromkeys([*row.diagnoses, *codes])))
        return row

    def _fold_findings(self, trial: Trial, row: Row, folds: int) -> list[Finding]:
        """Check the folds of a trial, repeat by repeat; the findings are kept in the trial's folder."""
        scores = [score for score in row.scores if score is not None]
        rows, metric = self._folders.fold_rows(trial.number), self._sweep.metric
        repeats = (scores[first : first + folds] for first in range(0, len(scores), folds))
        found = [d for part in repeats for d in suspicious_folds(trial.experiment, metric, part, rows)]
        self._folders.keep(trial.number, found)
        return found

    def _past_of(self, index: int) -> list[PastTrial]:
        """The trials that a cohort learns from."""
        if not self._space.cohorts[index].waits:
            return []
        if index not in self._past:
            rows = [self.rows[number] for cohort in self._space.cohorts[:index] for number in cohort.trials]
            scores = [oriented(row.score, self._sweep.metric) if row.status == "finished" else None for row in rows]
            self._past[index] = [PastTrial(r.trial, r.values, s) for r, s in zip(rows, scores, strict=True)]
        return self._past[index]
