"""A sweep begun in a new folder, or gone on with in its own: `loop` does the rest.

What is known of a trial is in its folder; the sweep's own state is the set of folders. So a sweep that was killed goes
on from them, repeats nothing that had ended and comes to the same table.
"""

from pathlib import Path

from trainlab.core.config import Document
from trainlab.core.dump import dump
from trainlab.core.errors import UserError
from trainlab.search.callbacks import SweepCallback
from trainlab.search.executors.machines import Machines
from trainlab.search.experiment import SweepExperiment, read
from trainlab.search.finding import find_sweep
from trainlab.search.loop import Sweep
from trainlab.search.space import Space
from trainlab.search.summary import Summary
from trainlab.store.folder import next_free, safe_name
from trainlab.store.lock import locked
from trainlab.store.writing import write_atomic


def start(
    document: Document[SweepExperiment],
    *,
    runs: Path = Path("runs"),
    name: str | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    fresh: bool = False,
    watcher: SweepCallback | None = None,
) -> Summary:
    """Run the sweep of a config in a new folder `runs/NAME-sweep-N`.

    `workers`: how many trials at once, one by default, on a cluster as many as it can take; `scheduler`: the address of
    a Dask cluster that trains the trials instead of this machine; `fresh`: start Python anew for each of them.
    Raises ConfigError before anything is made if the space does not fit the config.
    """
    space = Space(document)
    folder = next_free(runs, safe_name(f"{name or document.value.name}-sweep"))
    with locked(folder):
        write_atomic(folder / "sweep.yaml", dump(space.config).encode(), durable=True)
        return _run(folder, space, Machines(workers, scheduler, fresh), watcher)


def resume(
    sweep: Path | str,
    *,
    runs: Path = Path("runs"),
    trials: int | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    fresh: bool = False,
    watcher: SweepCallback | None = None,
) -> Summary:
    """Go on with a sweep that was stopped or killed; with `trials`, up to that many of them.

    Raises UserError if there is no such sweep, another process runs it, or its space was changed since.
    """
    folder = find_sweep(sweep, runs)
    with locked(folder):
        space = Space(read(folder / "sweep.yaml"))
        if trials and trials < space.sweep.trials:
            raise UserError(f"{folder}: this sweep has {space.sweep.trials} trials; more can be added, none taken away")
        if trials and trials > space.sweep.trials:
            if not space.sweep.strategy.extends:
                raise UserError(f"{folder}: a {space.sweep.strategy.name} has all of its trials; start a new sweep")
            space = Space(read(folder / "sweep.yaml", [f"sweep.trials={trials}"]))
            write_atomic(folder / "sweep.yaml", dump(space.config).encode(), durable=True)
        return _run(folder, space, Machines(workers, scheduler, fresh), watcher)


def _run(folder: Path, space: Space, machines: Machines, watcher: SweepCallback | None) -> Summary:
    with machines.opened(folder, space.sweep.limits) as execution:
        return Sweep(folder, space, execution, watcher or SweepCallback()).run()
