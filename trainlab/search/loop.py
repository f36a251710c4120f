"""The loop of a sweep: cohorts take their steps, trials are trained, and what came of them is put into the table.

A session begins as if nothing had been done, and what has been done is found done in the folders. So a resumed sweep
takes all decisions again that were taken before, whoever is promoted, revived or drawn from what.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from math import ceil
from operator import itemgetter
from pathlib import Path
from time import sleep

from trainlab.core.component import plain
from trainlab.core.dump import dump
from trainlab.core.errors import UserError
from trainlab.diagnose.finding import Finding
from trainlab.search.arithmetic import Arithmetic
from trainlab.search.callbacks import SweepCallback, SweepInfo
from trainlab.search.executors.execution import Execution
from trainlab.search.executors.job import End
from trainlab.search.executors.room import ended_for_want_of_room, is_full, no_room
from trainlab.search.folders import Folders
from trainlab.search.judging import suspicious_folds
from trainlab.search.space import Space, Trial
from trainlab.search.strategy import Known
from trainlab.search.summary import Summary, summarize
from trainlab.search.table import Row, State, Table, known_end, oriented, ranked, reached, row_of
from trainlab.store.writing import write_atomic

_TICK = 0.1  # seconds between two looks at whether somebody wants to stop


@dataclass(eq=False, slots=True)
class _Work:
    """A trial that is trained up to an epoch, or to its end: `open` runs of it are not done yet."""

    number: int
    until: int | None
    party: "_Party"
    spared: bool = False
    open: int = 0
    begun: bool = False


@dataclass(eq=False, slots=True)
class _Ready:
    """A run that may begin: its folder is made. `goes_on`: from what is there."""

    work: _Work
    index: int
    goes_on: bool


@dataclass(eq=False, slots=True)
class _Party:
    """A cohort on its way: its index, its next steps, and how much of the present one is not done yet."""

    index: int
    steps: Iterator[list[_Work]] = field(init=False)
    open: int = 0


class Sweep:
    """As many runs at once as there are workers, each begun when another has ended.

    Cohorts go side by side, unless one waits for the others.
    """

    def __init__(self, folder: Path, space: Space, execution: Execution, watcher: SweepCallback) -> None:
        self.folder, self.space, self.execution, self.watcher = folder, space, execution, watcher
        self.sweep, self.folders = space.sweep, Folders(folder, space)
        staged = any(cohort.waits for cohort in space.cohorts)
        metric, paths = self.sweep.metric, list(space.distributions)
        self.table = Table(folder / "trials.csv", metric, paths, self.sweep.runs, staged)
        self.refused: dict[int, tuple[str, ...]] = {}
        self._live = False  # whether anything is begun, or only what was done before is gone through
        self._past: dict[int, list[Known]] = {}  # by cohort, what it knows of those before
        self._trials: dict[int, Trial] = {}  # those that are not over
        self._crashes: dict[tuple[int, int], str] = {}
        self._parties: list[_Party] = []
        self._next, self._over = 0, 0  # the cohort that begins next; how many are over
        self._jobs: list[tuple[tuple[int, int, int], int, _Work]] = []  # a heap: by urgency, the run's index, its work
        self._ready: _Ready | None = None
        self._leader: int | None = None  # the trial whose config is in best.yaml
        self._arithmetic = Arithmetic()

    def run(self) -> Summary:
        """Train every trial that has not ended yet, and say what was learnt."""
        self.folders.prepare()
        self._go_on()
        self._pass_over_done()
        self._write()
        done = tuple(self.table.rows[number] for number in sorted(self.table.rows))
        self.watcher.started(
            SweepInfo(self.folder.name, self.folder, self.sweep.metric, self.sweep.trials, self.execution.workers, done)
        )
        self._live = True
        try:
            self._train()
        except UserError as error:
            if is_full(error):
                raise no_room(self.folder, str(error)) from error
            raise
        finally:
            self.watcher.finished()
        return summarize(self.folder, self.space, list(self.table.rows.values()), self.refused)

    # ------------------------------------------------------------------ cohorts

    def _go_on(self) -> None:
        """Let every cohort take its next step whose present one is done, and those begin that may."""
        moved = True
        while moved:
            moved = False
            cohorts = self.space.cohorts
            while self._next < len(cohorts) and (not cohorts[self._next].waits or self._over == self._next):
                party = _Party(self._next)
                party.steps = self._steps(party)
                self._parties.append(party)
                self._next += 1
            for party in [party for party in self._parties if not party.open]:
                moved = True
                works = next(party.steps, None)
                if works is None:
                    self._parties.remove(party)
                    self._over += 1
                    continue
                party.open = len(works)
                for work in works:
                    self._put(work)

    def _steps(self, party: _Party) -> Iterator[list[_Work]]:
        """The steps of a cohort: all of it is trained to a rung, the best go on, to the next rung or to the end."""
        cohort = self.space.cohorts[party.index]
        going = list(cohort.trials)
        for until in (*cohort.rungs, None):
            yield [_Work(number, until, party) for number in going]
            if spared := self._spared(going, until):
                yield [_Work(number, until, party, spared=True) for number in spared]
            if until is not None:
                going = self._promoted(going, cohort.kept(len(going)), until)

    def _spared(self, going: Sequence[int], until: int | None) -> list[int]:
        """Those that were stopped for being bad, and yet are among the best tenth."""
        rows = [self._known_row(number, until) for number in going]
        stopped = {row.trial for row in rows if row.status == "stopped"}
        if not stopped:
            return []
        best = self._by_score(row for row in rows if row.status != "failed")[: ceil(len(rows) / 10)]
        spared = sorted(stopped & set(best))
        for number in spared:
            row = self.table.take(number)
            if self._live:
                self.watcher.revived(row)
        return spared

    def _promoted(self, going: Sequence[int], count: int, until: int) -> list[int]:
        """Those of the best `count` that have not ended by themselves; the others end here."""
        rows = {number: self._known_row(number, until) for number in going}
        well = (row for row in rows.values() if row.status in ("finished", "interrupted"))
        best = self._by_score(well)[:count]
        for number, row in rows.items():
            if number not in best and row.status == "interrupted":
                reason = f"not among the best {count} of {len(going)} after epoch {until}"
                self._settle(self._row(number, until, status="stopped", reason=reason))
        return sorted(number for number in best if rows[number].status == "interrupted")

    def _by_score(self, rows: Iterable[Row]) -> list[int]:
        scored = [(score, row.trial) for row in rows if (score := oriented(row.score, self.sweep.metric)) is not None]
        return [number for _, number in sorted(scored)]

    # ------------------------------------------------------------------ trials

    def _put(self, work: _Work) -> None:
        """Queue the runs of a trial: those that are far already first, then in the order of the trials."""
        work.open = self.sweep.runs
        for index in range(self.sweep.runs):
            urgency = (-(work.until or self._beyond_rungs(work)), work.number, index)
            heappush(self._jobs, (urgency, index, work))

    def _beyond_rungs(self, work: _Work) -> int:
        rungs = self.space.cohorts[work.party.index].rungs
        return rungs[-1] + 1 if rungs else 0

    def _pass_over_done(self) -> None:
        """Do without training what was done in an earlier session."""
        while True:
            jobs, self._jobs = self._jobs, []
            left = [job for job in sorted(jobs, key=itemgetter(0)) if not self._found_done(job[1], job[2])]
            for job in left:
                heappush(self._jobs, job)
            if len(left) == len(jobs):
                return
            self._go_on()

    def _found_done(self, index: int, work: _Work) -> bool:
        if not self.folders.began(work.number):
            return False
        learns = self.space.cohorts[work.party.index].waits
        trial = self._drawn(work.number)
        if not self.folders.is_done(trial, index, work.until, spared=work.spared, learns=learns):
            return False
        self._done(work)
        return True

    def _train(self) -> None:
        running: dict[Future[End], tuple[_Work, int]] = {}
        self._begin(running)
        stops = 0
        while running or ((self._jobs or self._ready) and not stops):
            done, _ = wait(running, timeout=_TICK, return_when=FIRST_COMPLETED)
            if not running:
                sleep(_TICK)  # there is no worker yet
            over = [(*running.pop(future), future.result()) for future in done]
            if self._ready and len(running) < self.execution.workers and not self.watcher.stops:
                self._start(self._ready, running)  # so that no worker waits until the run before is counted
            for work, index, end in over:
                self._end(work, index, end)
            if self.watcher.stops > stops:
                stops = self.watcher.stops
                self.execution.stop(kill=stops > 1)
            elif not stops:
                self._begin(running)
            self.watcher.waited()
        self._interrupt()

    def _begin(self, running: dict["Future[End]", tuple[_Work, int]]) -> None:
        """Begin as many runs as there are free workers, and make the one after them ready."""
        while (ready := self._made_ready()) and len(running) < self.execution.workers:
            self._start(ready, running)

    def _start(self, ready: _Ready, running: dict["Future[End]", tuple[_Work, int]]) -> None:
        work, self._ready = ready.work, None
        if not work.begun:
            work.begun = True
            self.watcher.began(self._drawn(work.number))
        folder = self.folders.of(work.number, ready.index)
        running[self.execution.submit(folder, resume=ready.goes_on, until=work.until)] = work, ready.index

    def _made_ready(self) -> _Ready | None:
        """The run that begins next, drawn and with its folder made; None if there is none yet."""
        while self._ready is None and self._jobs:
            _, index, work = heappop(self._jobs)
            if self._found_done(index, work):
                self._go_on()
                continue
            trial = self._drawn(work.number)
            goes_on = self.folders.make_ready(trial, index, spared=work.spared)
            self.execution.make_ready(self.folders.of(work.number, index), resume=goes_on, until=work.until)
            self._ready = _Ready(work, index, goes_on)
        return self._ready

    def _end(self, work: _Work, index: int, end: End) -> None:
        """Count a run whose process has ended."""
        record = self.folders.record(work.number, index)
        if known_end(record) is None and not reached(record, work.until):
            if self.watcher.stops:
                return
            if ended_for_want_of_room(end, self.folder):
                raise no_room(self.folder, f"{record.path}: {end.reason}")
            self._crashes[work.number, index] = end.reason
        self._done(work)
        self._go_on()

    def _done(self, work: _Work) -> None:
        """Count a run that is done; with the last one its trial has come to a rung, or to its end."""
        work.open -= 1
        if work.open:
            return
        row = self._row(work.number, work.until)
        if row.status != "interrupted":
            self._settle(row)
        elif self._live:
            self.watcher.paused(work.number)
        work.party.open -= 1

    def _row(self, number: int, until: int | None, *, status: State | None = None, reason: str = "") -> Row:
        """What came of a trial up to an epoch; `interrupted` if it may go on from there."""
        trial = self._drawn(number)
        parts = self.folders.parts(trial, until)
        for index in range(len(parts)):
            if (number, index) in self._crashes and parts[index].state is None:
                parts[index] = replace(parts[index], state="failed", reason=self._crashes[number, index])
        stage = self.space.cohort_of(number) + 1 if self.table.staged else 0
        row = row_of(trial, parts, status=status, reason=reason, folds=self.sweep.folds, stage=stage)
        if self.sweep.folds and row.status == "finished":
            codes = (finding.code for finding in self._judged(trial, row))
            row = replace(row, diagnoses=tuple(dict.fromkeys([*row.diagnoses, *codes])))
        return row

    def _judged(self, trial: Trial, row: Row) -> list[Finding]:
        """What is said of the folds of a trial, repeat by repeat; it is kept in the trial's folder."""
        folds, scores = self.sweep.folds or 1, [score for score in row.scores if score is not None]
        rows, metric = self.folders.fold_rows(trial.number), self.sweep.metric
        repeats = (scores[first : first + folds] for first in range(0, len(scores), folds))
        found = [d for part in repeats for d in suspicious_folds(trial.experiment, metric, part, rows)]
        self.folders.keep(trial.number, found)
        return found

    def _known_row(self, number: int, until: int | None) -> Row:
        """The row of a trial that is over, or what it came to up to an epoch."""
        return self.table.rows.get(number) or self._row(number, until)

    def _settle(self, row: Row) -> None:
        """Put a trial that is over into the table."""
        self.table.put(row)
        self._trials.pop(row.trial, None)
        if self._live:
            self._write()
            self.watcher.ended(row)
        if said := self._arithmetic.differs(row.trial, self.folders.record(row.trial, 0).environment):
            self.watcher.noted(said)

    def _interrupt(self) -> None:
        """Put what has begun, but was not to end in this session, into the table."""
        if self._ready and not self._ready.goes_on:
            self.folders.unmake(self._ready.work.number, self._ready.index)
        for number in range(1, self.sweep.trials + 1):
            if number not in self.table.rows and self.folders.began(number):
                self._settle(self._row(number, None, status="interrupted", reason="the sweep was stopped"))

    def _write(self) -> None:
        """Bring trials.csv and best.yaml up to date."""
        self.table.write()
        best = next(iter(ranked(self.table.rows.values(), self.sweep.metric)), None)
        if best and best.trial != self._leader:
            runs = f"the mean of {self.sweep.runs} runs" if self.sweep.runs > 1 else f"at epoch {best.best_epoch}"
            head = f"# trial {best.trial} of {self.folder.name}: {self.sweep.metric} {best.score:.4g}, {runs}\n"
            config = dump(plain(self._drawn(best.trial).experiment))
            write_atomic(self.folder / "best.yaml", (head + config).encode())
            self._leader = best.trial

    def _drawn(self, number: int) -> Trial:
        """The trial of this number; kept until it is over."""
        if number in self._trials:
            return self._trials[number]
        trial = self.space.trial(number, self._known_to(self.space.cohort_of(number)))
        self.refused[number] = trial.refused
        if number not in self.table.rows:
            self._trials[number] = trial
        return trial

    def _known_to(self, index: int) -> list[Known]:
        """What a cohort may learn from."""
        if not self.space.cohorts[index].waits:
            return []
        if index not in self._past:
            rows = [self.table.rows[number] for cohort in self.space.cohorts[:index] for number in cohort.trials]
            scores = [row.score if row.status == "finished" else None for row in rows]
            metric = self.sweep.metric
            self._past[index] = [
                Known(r.trial, r.values, oriented(s, metric)) for r, s in zip(rows, scores, strict=True)
            ]
        return self._past[index]
