"""A sweep in its folder: trials are drawn, trained each by a process of its own, and put into a table.

What is known of a trial is in its folder; the sweep's own state is the set of folders. So a sweep that was killed goes
on from them, repeats nothing that had ended and comes to the same table.
"""

import os
import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from socket import gethostname
from time import sleep

from trainlab.core.component import plain
from trainlab.core.config import Document
from trainlab.core.dump import dump
from trainlab.core.errors import UserError
from trainlab.lab.experiment import Experiment, read
from trainlab.lab.sweep.execution.execution import Execution
from trainlab.lab.sweep.execution.job import End
from trainlab.lab.sweep.execution.machines import Machines
from trainlab.lab.sweep.execution.room import ended_for_want_of_room, is_full, no_room
from trainlab.lab.sweep.finding import find_sweep
from trainlab.lab.sweep.space import Space, Trial
from trainlab.lab.sweep.summary import Summary, summarize
from trainlab.lab.sweep.table import Row, known_end, ranked, row_of, write_rows
from trainlab.lab.sweep.watching import SweepPlan, SweepWatcher
from trainlab.store.folder import next_free, safe_name
from trainlab.store.lock import locked
from trainlab.store.reading import RunRecord
from trainlab.store.writing import named_errors, write_atomic

_TICK = 0.1  # seconds between two looks at whether somebody wants to stop


def start(
    document: Document[Experiment],
    *,
    runs: Path = Path("runs"),
    name: str | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    fresh: bool = False,
    watcher: SweepWatcher | None = None,
) -> Summary:
    """Run the sweep of a config in a new folder `runs/NAME-sweep-N`.

    `workers`: how many trials at once, one by default, on a cluster as many as it can take; `scheduler`: the address of
    a Dask cluster that trains the trials instead of this machine; `fresh`: start Python anew for each of them.
    Raises ConfigError before anything is made if the space does not fit the config.
    """
    space = Space(document)
    folder = next_free(runs, safe_name(f"{name or document.value.name}-sweep"))
    with locked(folder):
        write_atomic(folder / "sweep.yaml", dump(space.config).encode())
        return _run(folder, space, Machines(workers, scheduler, fresh), watcher)


def resume(
    sweep: Path | str,
    *,
    runs: Path = Path("runs"),
    trials: int | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    fresh: bool = False,
    watcher: SweepWatcher | None = None,
) -> Summary:
    """Go on with a sweep that was stopped or killed; with `trials`, up to that many of them.

    Raises UserError if there is no such sweep, another process runs it, or its space was changed since.
    """
    folder = find_sweep(sweep, runs)
    with locked(folder):
        space = Space(read(folder / "sweep.yaml"))
        if trials and trials < space.sweep.trials:
            raise UserError(f"{folder}: this sweep has {space.sweep.trials} trials; more can be added, none taken away")
        if trials:
            space = Space(read(folder / "sweep.yaml", [f"sweep.trials={trials}"]))
            write_atomic(folder / "sweep.yaml", dump(space.config).encode())
        return _run(folder, space, Machines(workers, scheduler, fresh), watcher)


def _run(folder: Path, space: Space, machines: Machines, watcher: SweepWatcher | None) -> Summary:
    with machines.opened(folder, space.sweep.limits) as execution:
        return Sweep(folder, space, execution, watcher or SweepWatcher()).run()


@dataclass(frozen=True, slots=True)
class _Job:
    """A trial that is being trained, from the start or from its last checkpoint."""

    trial: Trial
    folder: Path
    resume: bool


class Sweep:
    """The loop over trials: as many at once as there are workers, each begun when another has ended."""

    def __init__(self, folder: Path, space: Space, execution: Execution, watcher: SweepWatcher) -> None:
        self.folder, self.space, self.execution, self.watcher = folder, space, execution, watcher
        self.sweep = space.sweep
        self.rows: list[Row] = []
        self.trials: dict[int, Trial] = {}
        self._leader: int | None = None  # the trial whose config is in best.yaml

    def run(self) -> Summary:
        """Train every trial that has not ended yet, and say what was learnt."""
        with named_errors(self.folder / "trials", "write"):
            (self.folder / "trials").mkdir(exist_ok=True)
        left = [number for number in range(1, self.sweep.trials + 1) if not self._ended(number)]
        self._write()
        done = tuple(self.rows)
        self.watcher.started(
            SweepPlan(self.folder.name, self.folder, self.sweep.metric, self.sweep.trials, self.execution.workers, done)
        )
        try:
            self._train(iter(left))
        except UserError as error:
            if is_full(error):
                raise no_room(self.folder, str(error)) from error
            raise
        finally:
            self.watcher.finished()
        return summarize(self.folder, self.space, self.rows, list(self.trials.values()))

    def _ended(self, number: int) -> bool:
        """Whether this trial has ended in an earlier session; then it gets its row."""
        record = _settled(self._folder(number))
        if known_end(record) is None:
            return False
        trial = self._drawn(number)
        if read(record.folder.config).value != trial.experiment:
            raise UserError(
                f"{record.path}: this trial was trained with other settings than {self.folder / 'sweep.yaml'} gives it;"
                " the sweep's config was changed since. Undo that, or start a new sweep"
            )
        self.rows.append(row_of(trial, record, self.sweep.metric))
        return True

    def _train(self, left: Iterator[int]) -> None:
        running: dict[Future[End], _Job] = {}
        self._begin(left, running)
        stops = 0
        while running:
            done, _ = wait(running, timeout=_TICK, return_when=FIRST_COMPLETED)
            for future in done:
                self._end(running.pop(future), future.result())
            if self.watcher.stops > stops:
                stops = self.watcher.stops
                self.execution.stop(kill=stops > 1)
            elif not stops:
                self._begin(left, running)
            self.watcher.waited()

    def _begin(self, left: Iterator[int], running: dict["Future[End]", _Job]) -> None:
        """Begin as many trials as there are free workers."""
        while len(running) < self.execution.workers and (number := next(left, None)):
            trial, folder = self._drawn(number), self._folder(number)
            job = _Job(trial, folder, resume=RunRecord(folder, folder.name).state in ("interrupted", "killed"))
            if not job.resume:
                with named_errors(folder, "write"):
                    shutil.rmtree(folder, ignore_errors=True)
                    folder.mkdir()
                write_atomic(folder / "config.yaml", dump(plain(trial.experiment)).encode())
            self.watcher.began(trial)
            running[self.execution.submit(folder, resume=job.resume)] = job

    def _end(self, job: _Job, end: End) -> None:
        """Put the trial into the table."""
        record, metric = RunRecord(job.folder, job.folder.name), self.sweep.metric
        if known_end(record) is not None:
            row = row_of(job.trial, record, metric)
        elif self.watcher.stops:
            row = row_of(job.trial, record, metric, status="interrupted", reason="the sweep was stopped")
        elif ended_for_want_of_room(end, self.folder):
            raise no_room(self.folder, f"{job.folder}: {end.reason}")
        else:
            row = row_of(job.trial, record, metric, status="failed", reason=end.reason)
        self.rows.append(row)
        self._write()
        self.watcher.ended(row)

    def _write(self) -> None:
        """Bring trials.csv and best.yaml up to date."""
        metric = self.sweep.metric
        write_rows(self.folder / "trials.csv", self.rows, metric, list(self.space.distributions))
        best = next(iter(ranked(self.rows, metric)), None)
        if best and best.trial != self._leader:
            head = f"# trial {best.trial} of {self.folder.name}: {metric} {best.score:.4g} at epoch {best.best_epoch}\n"
            config = dump(plain(self.trials[best.trial].experiment))
            write_atomic(self.folder / "best.yaml", (head + config).encode())
            self._leader = best.trial

    def _drawn(self, number: int) -> Trial:
        if number not in self.trials:
            self.trials[number] = self.space.trial(number)
        return self.trials[number]

    def _folder(self, number: int) -> Path:
        return self.folder / "trials" / f"{number:04}"


def _settled(folder: Path) -> RunRecord:
    """The record of a trial's folder. A trial that outlived its sweep is told to end, and waited for."""
    asked = False
    while (record := RunRecord(folder, folder.name)).state == "running" and record.status:
        if record.status.host != gethostname():
            raise UserError(f"{folder}: this trial still runs on {record.status.host}; wait until it ends, or stop it")
        if not asked:
            with suppress(ProcessLookupError):
                os.kill(record.status.pid, signal.SIGTERM)
            asked = True
        sleep(_TICK)
    return record
