"""Starts a sweep in a new folder, or resumes one in its own; `loop` does the rest.

What is known of a trial is in its folder, and the sweep has no other state. So a sweep that was killed continues from
these folders, repeats no trial that had ended, and comes to the same table.
"""

import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from trainlab.core.config import Document
from trainlab.core.dump import dump
from trainlab.core.errors import UserError
from trainlab.core.streams import Streams
from trainlab.data.dataset import IMBALANCED
from trainlab.data.prepare import prepare
from trainlab.search.callbacks import SweepCallback
from trainlab.search.executors.dask import DaskExecutor
from trainlab.search.executors.executor import TrialExecutor
from trainlab.search.executors.leftovers import WorkerLock
from trainlab.search.executors.limits import Limits
from trainlab.search.executors.local import LocalExecutor, environment
from trainlab.search.experiment import SweepExperiment, read
from trainlab.search.lookup import find_sweep
from trainlab.search.loop import Sweep
from trainlab.search.prior import read_prior, write_prior
from trainlab.search.space import SearchSpace
from trainlab.search.strategy import PastTrial
from trainlab.search.summary import Summary
from trainlab.store.folder import next_free, safe_name
from trainlab.store.lock import locked
from trainlab.store.plugins import write_plugins
from trainlab.store.process import birth
from trainlab.store.writing import write_atomic
from trainlab.training.best import BEST, decide, measured_metrics
from trainlab.training.tracking import require_trackers
from trainlab.training.transfer import located


def start(
    document: Document[SweepExperiment],
    *,
    runs: Path = Path("runs"),
    name: str | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    fresh: bool = False,
    callback: SweepCallback | None = None,
    into: Path | None = None,
    prior: Sequence[PastTrial] = (),
) -> Summary:
    """Run the sweep of a config in a new folder `runs/NAME-sweep-N`, or in the folder `into`.

    `workers`: how many trials at once; by default one, on a cluster as many as it can take. `scheduler`: the address of
    a Dask cluster that trains the trials instead of this machine. `fresh`: start a new process for each trial. `prior`:
    trials of an earlier sweep of the same settings, which the strategy starts from.
    Raises ConfigError before anything is written if the space does not fit the config.
    """
    document = located(document, runs)
    require_trackers(document)
    space = SearchSpace(document, prior)
    if space.sweep.metric == BEST:
        space.compare_by(deciding(space, document.value))
    folder = into or next_free(runs, safe_name(f"{name or document.value.name}-sweep"))
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        write_prior(folder, prior)
        write_atomic(folder / "sweep.yaml", dump(space.config).encode(), durable=True)
        write_plugins(folder)
        with open_executor(folder, space.sweep.limits, workers, scheduler, fresh=fresh, gpu=_gpu(space)) as executor:
            return Sweep(folder, space, executor, callback or SweepCallback()).run()


def resume(
    sweep: Path | str,
    *,
    runs: Path = Path("runs"),
    trials: int | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    fresh: bool = False,
    callback: SweepCallback | None = None,
) -> Summary:
    """Continue a sweep that was stopped or killed; `trials`: how many it shall have, if more than before.

    Raises UserError if there is no such sweep, another process runs it, or its space was changed since.
    """
    folder = find_sweep(sweep, runs)
    with locked(folder):
        prior = read_prior(folder)
        space = SearchSpace(read(folder / "sweep.yaml", own=True), prior)
        if trials and trials < space.sweep.trials:
            raise UserError(
                f"{folder}: this sweep has {space.sweep.trials} trials; you can add trials, but not remove any"
            )
        if trials and trials > space.sweep.trials:
            if not space.sweep.strategy.extends:
                raise UserError(f"{folder}: a {space.sweep.strategy.name} cannot get more trials; start a new sweep")
            space = SearchSpace(read(folder / "sweep.yaml", [f"sweep.trials={trials}"], own=True), prior)
            write_atomic(folder / "sweep.yaml", dump(space.config).encode(), durable=True)
        with open_executor(folder, space.sweep.limits, workers, scheduler, fresh=fresh, gpu=_gpu(space)) as executor:
            return Sweep(folder, space, executor, callback or SweepCallback()).run()


def deciding(space: SearchSpace, experiment: SweepExperiment) -> str:
    """The metric that decides in the first run of the config as it is, for which its data are read."""
    run = space.runs(experiment)[0]
    parts = prepare(run.data, streams=Streams(run.seed), dtype=run.train.arrays)
    metrics = measured_metrics(run, parts.task, imbalanced=parts.imbalance >= IMBALANCED)
    return decide(run, parts, metrics).metric


def _gpu(space: SearchSpace) -> bool:
    """Whether the trials train by PyTorch, which takes a GPU where there is one."""
    return space.config["train"]["engine"] == "torch"


@contextmanager
def open_executor(
    folder: Path, limits: Limits, workers: int | None, scheduler: str | None, *, fresh: bool, gpu: bool = False
) -> Generator[TrialExecutor]:
    """What trains the trials of the sweep in this folder, once no trial of an earlier session runs any more."""
    if scheduler is not None:
        with DaskExecutor(folder, limits, scheduler, workers=workers, fresh=fresh, gpu=gpu) as cluster:
            yield cluster
        return
    with WorkerLock(folder) as lock:
        variables, inherited = environment(folder), lock.inherited
        durable = not birth(os.getpid())  # else `Folders.prepare` finds the trials that a power cut may have damaged
        with LocalExecutor(workers or 1, limits, variables, fresh=fresh, durable=durable, inherited=inherited) as local:
            yield local
