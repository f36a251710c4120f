"""The loop of a sweep: it keeps every worker busy, and leads each cohort from rung to rung.

Each session takes all decisions from the start (which trial is promoted, rescued or drawn from which others) and finds
in the folders what is trained already. So a resumed sweep comes to the same table as one that was never stopped.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import ceil
from pathlib import Path
from time import monotonic, sleep

from trainlab.core.errors import UserError
from trainlab.search.backend_check import BackendCheck
from trainlab.search.callbacks import SweepCallback, SweepInfo
from trainlab.search.executors.disk_space import failed_for_space, is_full, no_space
from trainlab.search.executors.executor import TrialExecutor
from trainlab.search.executors.job import ExitStatus, Job
from trainlab.search.folders import Folders
from trainlab.search.results import Results
from trainlab.search.space import SearchSpace
from trainlab.search.summary import Summary, summarize
from trainlab.search.table import Row, known_end, reached

_POLL = 0.1  # seconds between two checks whether the sweep shall stop
_WRITE_EVERY = 0.5  # seconds between two versions of trials.csv,
_SHARE = 0.05  # of which no more than this share is spent on writing


@dataclass(eq=False, slots=True)
class PendingTrial:
    """A trial that is to be trained up to an epoch, or to its end; `open` of its runs are not done yet."""

    number: int
    until: int | None
    cohort: "ActiveCohort"
    rescued: bool = False
    open: int = 0
    begun: bool = False


@dataclass(order=True, slots=True)
class QueuedRun:
    """A run of a pending trial that waits for a worker; the smallest `urgency` is first."""

    urgency: tuple[int, int, int]
    index: int = field(compare=False)
    trial: PendingTrial = field(compare=False)


@dataclass(eq=False, slots=True)
class ActiveCohort:
    """A cohort in progress: its remaining steps, and how many trials of the present step are `open`."""

    index: int
    steps: Iterator[list[PendingTrial]] = field(init=False)
    open: int = 0


class Sweep:
    """Trains as many runs at once as there are workers. Cohorts go side by side, unless one waits for the others."""

    def __init__(self, folder: Path, space: SearchSpace, executor: TrialExecutor, callback: SweepCallback) -> None:
        self.folder, self.space, self.executor, self.callback = folder, space, executor, callback
        self.folders = Folders(folder, space)
        self.results = Results(folder, space, self.folders)
        self._training = False  # or still going through what earlier sessions have trained
        self._active: list[ActiveCohort] = []
        self._next, self._over = 0, 0  # the cohort that begins next; how many are over
        self._queue: list[QueuedRun] = []  # a heap
        self._running: dict[Future[ExitStatus], QueuedRun] = {}
        self._backends = BackendCheck()
        self._unwritten: list[Row] = []  # not in trials.csv yet
        self._write_at = 0.0

    def run(self) -> Summary:
        """Train every trial that has not ended yet."""
        self.folders.prepare()
        self._advance()
        self._skip_done()
        self.results.write()
        sweep, rows = self.space.sweep, self.results.rows
        done = tuple(rows[number] for number in sorted(rows))
        self.callback.on_sweep_begin(
            SweepInfo(self.folder.name, self.folder, sweep.metric, sweep.trials, self.executor.workers, done)
        )
        self._training = True
        try:
            self._train()
        except UserError as error:
            if is_full(error):
                raise no_space(self.folder, str(error)) from error
            raise
        finally:
            if self._unwritten:
                with suppress(UserError):  # an error that is on its way says more
                    self._write()
            self.callback.on_sweep_end()
        return summarize(self.folder, self.space, list(rows.values()), self.results.refused)

    # ------------------------------------------------------------------ cohorts

    def _advance(self) -> None:
        """Let every cohort take its next step whose present one is done, and begin those that may."""
        moved = True
        while moved:
            moved = False
            cohorts = self.space.cohorts
            while self._next < len(cohorts) and (not cohorts[self._next].waits or self._over == self._next):
                cohort = ActiveCohort(self._next)
                cohort.steps = self._steps(cohort)
                self._active.append(cohort)
                self._next += 1
            for cohort in [cohort for cohort in self._active if not cohort.open]:
                moved = True
                trials = next(cohort.steps, None)
                if trials is None:
                    self._active.remove(cohort)
                    self._over += 1
                    continue
                cohort.open = len(trials)
                for trial in trials:
                    self._enqueue(trial)

    def _steps(self, active: ActiveCohort) -> Iterator[list[PendingTrial]]:
        """All trials of a cohort are trained to a rung, the best continue to the next rung or to the end."""
        cohort = self.space.cohorts[active.index]
        going = list(cohort.trials)
        for until in (*cohort.rungs, None):
            yield [PendingTrial(number, until, active) for number in going]
            if rescued := self._rescued(going, until):
                yield [PendingTrial(number, until, active, rescued=True) for number in rescued]
            if until is not None:
                going = self._promoted(going, cohort.kept(len(going)), until)

    def _rescued(self, going: Sequence[int], until: int | None) -> list[int]:
        """Trials that were stopped as bad, although they are among the best tenth."""
        rows = [self.results.row(number, until) for number in going]
        stopped = {row.trial for row in rows if row.status == "stopped"}
        if not stopped:
            return []
        best = self.results.by_score(row for row in rows if row.status != "failed")[: ceil(len(rows) / 10)]
        rescued = sorted(stopped & set(best))
        if rescued and self._unwritten:
            self._write()
        for number in rescued:
            row = self.results.withdraw(number)
            if self._training:
                self.callback.on_trial_rescued(row)
        return rescued

    def _promoted(self, going: Sequence[int], count: int, until: int) -> list[int]:
        """Those of the best `count` trials that have not ended by themselves; the others end here."""
        rows = {number: self.results.row(number, until) for number in going}
        best = self.results.by_score(row for row in rows.values() if row.status in ("finished", "interrupted"))[:count]
        for number, row in rows.items():
            if number not in best and row.status == "interrupted":
                reason = f"not among the best {count} of {len(going)} after epoch {until}"
                self._finalize(self.results.row(number, until, status="stopped", reason=reason))
        return sorted(number for number in best if rows[number].status == "interrupted")

    # ------------------------------------------------------------------ trials

    def _enqueue(self, trial: PendingTrial) -> None:
        """Queue the runs of a trial: those that are far already first, then in the order of the trials."""
        trial.open = self.space.sweep.runs
        rungs = self.space.cohorts[trial.cohort.index].rungs
        goal = trial.until or (rungs[-1] + 1 if rungs else 0)
        for index in range(trial.open):
            heappush(self._queue, QueuedRun((-goal, trial.number, index), index, trial))

    def _skip_done(self) -> None:
        """Count what earlier sessions have trained."""
        while True:
            runs = sorted(self._queue)
            self._queue = [run for run in runs if not self._is_done(run)]  # sorted, and so a heap
            if len(self._queue) == len(runs):
                return
            self._advance()

    def _is_done(self, run: QueuedRun) -> bool:
        """Count a run that needs no training; false if it needs some."""
        pending = run.trial
        if not self.folders.began(pending.number):
            return False
        learns = self.space.cohorts[pending.cohort.index].waits
        trial = self.results.trial(pending.number)
        if not self.folders.is_done(trial, run.index, pending.until, rescued=pending.rescued, learns=learns):
            return False
        self._count(pending)
        return True

    def _train(self) -> None:
        """Submit runs and count them as they end, until all are done or the sweep was asked to stop."""
        self._submit()
        stops = 0
        while self._running or (self._queue and not stops and not self.callback.closed):
            done, _ = wait(self._running, timeout=_POLL, return_when=FIRST_COMPLETED)
            if not self._running:
                sleep(_POLL)  # there is no worker yet
            ended = [(self._running.pop(future), future.result()) for future in done]
            if not self.callback.stops:
                self._submit()  # first, so that no worker waits while the ended runs are counted
            for run, status in ended:
                self._end(run, status)
            if self.callback.stops > stops:
                stops = self.callback.stops
                self.executor.stop(kill=stops > 1)
            elif not stops:
                self._submit()
            if self._unwritten and monotonic() >= self._write_at:
                self._write()
            self.callback.on_poll()
        self._interrupt()
        self._write()

    def _write(self) -> None:
        """Bring the table up to date. It takes milliseconds, whatever the number of new rows, so they wait a moment;
        each trial's end is announced when its row is there.
        """
        began = monotonic()
        self.results.write()
        ended = monotonic()
        rows, self._unwritten = self._unwritten, []
        for row in rows:
            self.callback.on_trial_end(row)
        self._write_at = ended + max(_WRITE_EVERY, (ended - began) / _SHARE)

    def _submit(self) -> None:
        """Begin as many runs as there are free workers."""
        while self._queue and not self.callback.closed and len(self._running) < self.executor.workers:
            run = heappop(self._queue)
            if self._is_done(run):
                self._advance()
                continue
            pending = run.trial
            trial = self.results.trial(pending.number)
            if not pending.begun:
                pending.begun = True
                self.callback.on_trial_begin(trial)
            resume = self.folders.make_ready(trial, run.index, rescued=pending.rescued)
            job = Job(self.folders.of(pending.number, run.index), resume, pending.until, self.space.sweep.test)
            self._running[self.executor.submit(job)] = run
        if self._queue:
            self.results.trial(self._queue[0].trial.number)  # drawn while the others train

    def _end(self, run: QueuedRun, status: ExitStatus) -> None:
        """Count a run whose process has ended, or that its worker has trained."""
        pending = run.trial
        record = self.folders.record(pending.number, run.index)
        if known_end(record) is None and not reached(record, pending.until):
            if self.callback.stops:
                return
            if failed_for_space(status, self.folder):
                raise no_space(self.folder, f"{record.path}: {status.reason}")
            self.results.add_crash(pending.number, run.index, status.reason)
        self._count(pending)
        self._advance()

    def _count(self, pending: PendingTrial) -> None:
        """Count a run that is done. With the last one the trial has come to a rung, or to its end."""
        pending.open -= 1
        if pending.open:
            return
        row = self.results.row(pending.number, pending.until)
        if row.status != "interrupted":
            self._finalize(row)
        elif self._training:
            self.callback.on_trial_pause(pending.number)
        pending.cohort.open -= 1

    def _finalize(self, row: Row) -> None:
        """Put a trial that is over into the table."""
        self.results.add(row)
        if self._training:
            self._unwritten.append(row)
            self._fail_fast()
        if note := self._backends.differs(row.trial, self.folders.record(row.trial, 0).environment):
            self.callback.on_note(note)

    def _fail_fast(self) -> None:
        """Stop the sweep, once, when more trials than `max_failed` have failed."""
        most = self.space.sweep.max_failed
        failed = sum(row.status == "failed" for row in self.results.rows.values())
        if most is not None and failed == most + 1 and not self.callback.stops:
            self.callback.on_note(f"{failed} trials have failed, more than sweep.max_failed: {most}; the sweep stops")
            self.callback.request_stop()

    def _interrupt(self) -> None:
        """Put the trials that began, but did not end in this session, into the table."""
        for number in range(1, self.space.sweep.trials + 1):
            if number not in self.results.rows and self.folders.began(number):
                self._finalize(self.results.row(number, None, status="interrupted", reason="the sweep was stopped"))
