"""trainlab from Python, in the words of the command line. On the roof of the house it may use every floor."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from trainlab.cli._mistakes import setting_meant
from trainlab.cli._stopping import stoppable, sweep_stoppable
from trainlab.cli._sweep_progress import Lines, Quiet
from trainlab.cli.sweep import cores, progress_of
from trainlab.cli.train import progress_for
from trainlab.cli.tune import silent, tell_step, write_page
from trainlab.core import plugins
from trainlab.core.config import Document
from trainlab.core.errors import UserError
from trainlab.core.problem import nearest
from trainlab.integrations.in_memory import with_stored_rows
from trainlab.integrations.run import Run
from trainlab.integrations.sweep import Sweep
from trainlab.integrations.tune import Tune
from trainlab.report.insights import insights, write_insights
from trainlab.report.sweep_record import SweepRecord
from trainlab.search import sweep as search
from trainlab.search.experiment import SweepExperiment, read, read_plain
from trainlab.training import train as training
from trainlab.training.callbacks import Callback
from trainlab.training.checkpointing import BACKEND_SETTINGS
from trainlab.tuning import tune as tuning
from trainlab.tuning.budget import Budget

_WHICH = 'which config? Give a YAML file, or a dict such as {"data": "iris"}'


def train(
    config: Path | str | Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
    /,
    *,
    runs: Path | str = "runs",
    name: str | None = None,
    resume: Run | Path | str | None = None,
    callbacks: Callback | Sequence[Callback] = (),
    quiet: bool = False,
    **settings: Any,
) -> Run:
    """Train a config (a YAML file, or a dict of the same shape). Writes a run folder and returns the run.

        run = tl.train("digits.yaml", optimizer__lr=1e-3, model__hidden=[64, 64])
        run = tl.train("digits.yaml", {"monitors.dead-relu.threshold": 0.9}, quiet=True)
        run = tl.train(resume="digits-1", train__epochs=60)
        run = tl.train({"data": {"x": X, "y": y}, "model": {"name": "mlp", "hidden": [64]}})

    Arrays under `data` (x and y, and x_val, y_val, x_test, y_test) are stored next to the runs. A DataFrame x is
    read as a table, with y or the column `target` to predict.
    Settings replace the config's: `a__b` is `a.b`; paths that Python cannot spell go into `overrides`. Progress goes to
    stderr unless `quiet`. `name` is the name of the folder. `resume` continues a stopped run, or a finished one up to
    train__epochs epochs, on another backend if train__engine says so. `callbacks` are told of each step, epoch and
    finding, and can end the run. The run's `status` is `finished`, `diverged`, `failed`, or `interrupted` if a callback
    ended it.

    Raises UserError for a config, data or folder that cannot be used, with the text that the command line shows;
    KeyboardInterrupt after Ctrl-C, once the run is saved so that it can be resumed.
    """
    changes = _changes(overrides, settings)
    progress = progress_for(quiet)
    every = [progress, *_required(callbacks)]
    with stoppable(progress):
        if resume is not None:
            if config is not None or name is not None:
                raise UserError("resume uses the run's own config and folder: remove config and name")
            run = resume.folder if isinstance(resume, Run) else resume
            backend = {path: value for path, value in changes.items() if path in BACKEND_SETTINGS}
            how: dict[str, Any] = {"epochs": _epochs(changes), "backend": backend}
            outcome = training.resume(run, runs=Path(runs), callbacks=every, **how)
        else:
            if config is None:
                raise UserError(_WHICH)
            document = _read(config, changes, Path(runs))
            outcome = training.train(document, runs=Path(runs), name=name, callbacks=every)
    if outcome.state == "interrupted" and progress.stop_reason:
        raise KeyboardInterrupt(
            f"{outcome.folder} is saved; continue with trainlab.train(resume={str(outcome.folder)!r})"
        )
    return Run(outcome.folder)


def sweep(
    config: Path | str | Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
    /,
    *,
    space: Mapping[str, Any] | None = None,
    trials: int | None = None,
    strategy: str | Mapping[str, Any] | None = None,
    metric: str | None = None,
    runs: Path | str = "runs",
    name: str | None = None,
    resume: Sweep | Path | str | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    quiet: bool = False,
    **settings: Any,
) -> Sweep:
    """Search for better settings: train many trials of a config, each in a run folder of its own.

        found = tl.sweep("digits-sweep.yaml", trials=40)
        found = tl.sweep("digits.yaml", space={"optimizer.lr": {"log": [1e-4, 1e-1]}}, trials=10, metric="val_accuracy")
        run = tl.train(found.best_config, train__epochs=60)

    config, overrides, runs, name, quiet and settings are those of `train`. space, trials, strategy and metric replace
    what the config's block `sweep` says. `workers`: trials at once; by default one per core, or all of the Dask cluster
    whose address is `scheduler`. `resume` continues a sweep, up to `trials` trials. The same seed draws the same trials
    for any number of workers.

    Raises UserError for a config that cannot be used; KeyboardInterrupt after Ctrl-C, once the sweep can be resumed.
    """
    space = None if space is None else {path.replace("__", "."): given for path, given in space.items()}
    block = {"space": space, "trials": trials, "strategy": strategy, "metric": metric}
    given = {
        key: dict(value) if isinstance(value, Mapping) else value for key, value in block.items() if value is not None
    }
    machines: dict[str, Any] = {"workers": workers or (None if scheduler else cores()), "scheduler": scheduler}
    with sweep_stoppable(progress_of(quiet)) as callback:
        if resume is not None:
            if config is not None or name is not None or overrides or settings or set(given) - {"trials"}:
                raise UserError("resume uses the sweep's own config: only trials, workers and scheduler may be given")
            folder = resume.folder if isinstance(resume, Sweep) else resume
            summary = search.resume(folder, runs=Path(runs), trials=trials, callback=callback, **machines)
        else:
            if config is None:
                raise UserError(_WHICH)
            document = _with_block(config, _changes(overrides, settings), given, Path(runs))
            summary = search.start(document, runs=Path(runs), name=name, callback=callback, **machines)
    record = SweepRecord(summary.folder)
    write_insights(record, insights(record))
    if callback.stops:
        raise KeyboardInterrupt(
            f"{summary.folder} is saved; continue with trainlab.sweep(resume={str(summary.folder)!r})"
        )
    return Sweep(summary.folder)


def tune(
    config: Path | str | Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
    /,
    *,
    budget: str = "40-trials",
    space: Mapping[str, Any] | str | None = None,
    metric: str | None = None,
    fix: bool = False,
    prior: Sweep | Path | str | None = None,
    runs: Path | str = "runs",
    name: str | None = None,
    resume: Tune | Path | str | None = None,
    workers: int | None = None,
    quiet: bool = False,
    **settings: Any,
) -> Tune:
    """Find the best network for a config within a budget: check, rate, search, refine, confirm, test.

        found = tl.tune("digits.yaml", budget="10m")
        found = tl.tune("digits.yaml", budget="400-epochs", space={"optimizer.lr": {"log": [1e-4, 1e-1]}})
        run = tl.train(found.best_config, train__epochs=60)

    config, overrides, runs, name, quiet and settings are those of `train`. budget: a time (90s, 10m, 1h), N-epochs or
    N-trials. space and metric replace what the config's block `sweep` says; without one the space is made from the
    experiment. `fix` applies the patches of what the check finds; `prior` is a sweep of the same settings to start
    from. `resume` continues a tune. `workers`: trials at once, by default one per core. The state of what comes back is
    `failed` if the check has found an error that the search cannot remove.

    Raises UserError for a config or budget that cannot be used; KeyboardInterrupt after Ctrl-C, once it can be resumed.
    """
    if isinstance(space, Mapping):
        space = {path.replace("__", "."): given for path, given in space.items()}
    block = {key: value for key, value in (("space", space), ("metric", metric)) if value is not None}
    with sweep_stoppable(Quiet() if quiet else Lines()) as shown:
        common: dict[str, Any] = {"runs": Path(runs), "workers": workers or cores(), "shown": shown}
        common["tell"] = silent if quiet else tell_step
        if resume is not None:
            if config is not None or name is not None or overrides or settings or block or fix or prior is not None:
                raise UserError("resume uses the tune's own config and budget: only workers and quiet may be given")
            found = tuning.resume(resume.folder if isinstance(resume, Tune) else resume, **common)
        else:
            if config is None:
                raise UserError(_WHICH)
            document = _with_block(config, _changes(overrides, settings), block, Path(runs), {"space": "auto"})
            earlier = str(prior.folder if isinstance(prior, Sweep) else prior) if prior is not None else None
            found = tuning.start(document, Budget.read(str(budget)), name=name, fix=fix, prior=earlier, **common)
    write_page(found.folder)
    if found.state == "interrupted":
        raise KeyboardInterrupt(f"{found.folder} is saved; continue with trainlab.tune(resume={str(found.folder)!r})")
    return Tune(found.folder)


def _changes(overrides: Mapping[str, Any] | None, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings by their dotted paths. Raises UserError for a keyword that is no setting, with the one that is meant."""
    if not isinstance(cast(object, overrides), Mapping | None):
        raise UserError(
            f"overrides: expected a dict of settings by their dotted paths, got {type(overrides).__name__}; rows are a "
            'part of the config: {"data": {"x": X, "y": y}}'
        )
    for key in settings.keys() - SweepExperiment.model_fields.keys():
        if "__" not in key:
            path = "quiet" if key == "verbose" else setting_meant(key).replace(".", "__")
            raise UserError(f"no argument `{key}`" + (f"; did you mean {path}=...?" if path else ""))
    return {**(overrides or {}), **{key.replace("__", "."): value for key, value in settings.items()}}


def _read(config: Path | str | Mapping[str, Any], changes: Mapping[str, Any], runs: Path) -> Document[SweepExperiment]:
    if not isinstance(cast(object, config), Path | str | Mapping):
        example = '{"data": {"x": X, "y": y}}'
        raise UserError(f"config: expected a YAML file, or a dict such as {example}, got {type(config).__name__}")
    if isinstance(config, Mapping):
        return read_plain(with_stored_rows(config, runs), changes)
    return read(Path(config), changes)


def _with_block(
    config: Path | str | Mapping[str, Any],
    changes: Mapping[str, Any],
    block: Mapping[str, Any],
    runs: Path,
    first: Mapping[str, Any] | None = None,
) -> Document[SweepExperiment]:
    """The config with these settings of its `sweep` block, which it may not have yet: it then begins with `first`."""
    first = first or {}
    if isinstance(config, Mapping):
        own: Any = config.get("sweep")
        kept = dict(cast("Mapping[str, Any]", own)) if isinstance(own, Mapping) else {}
        return _read({**config, "sweep": {**(kept or first), **block}} if block else config, changes, runs)
    known = _read(config, changes, runs)
    if known.value.sweep is None and block:
        return _read(config, {**changes, "sweep": {**first, **block}}, runs)
    return (
        _read(config, {**changes, **{f"sweep.{key}": value for key, value in block.items()}}, runs) if block else known
    )


def _required(callbacks: Callback | Sequence[Callback]) -> list[Callback]:
    """The callbacks. Raises UserError unless these are instances of Callback: a class or a function would fail during
    training, and a method whose name is no event would never be called.
    """
    given = [callbacks] if isinstance(callbacks, Callback) else list(callbacks)
    events = [name for name in vars(Callback) if name.startswith("on_")]
    for one in cast("list[object]", given):
        if not isinstance(one, Callback):
            what = f"the class {one.__name__}: make an instance" if isinstance(one, type) else type(one).__name__
            raise UserError(f"callbacks: expected instances of trainlab.Callback, got {what}")
        for name in [name for name in dir(one) if name.startswith("on_") and name not in events]:
            near = nearest(name, events)
            hint = f"did you mean {near}?" if near else f"the events are {', '.join(events)}"
            raise UserError(f"callbacks: {type(one).__name__}.{name} is no event and is never called; {hint}")
    return given


def use_plugins(*files: Path | str) -> None:
    """Load Python files with components of your own, for all configs and runs of this process from now on.

        tl.use_plugins("my_parts.py")

    The same as `--plugin` on the command line: runs that were trained with a plugin need it. It replaces the plugins
    of an earlier call. Raises UserError for a file that cannot be loaded.
    """
    plugins.give([str(file) for file in files])


def _epochs(changes: Mapping[str, Any]) -> int:
    """The number of epochs of a resumed run; 0: that of its config."""
    wrong = [path for path in changes if path not in ("train.epochs", *BACKEND_SETTINGS)]
    if wrong:
        raise UserError(
            f"{wrong[0]}: resume keeps the run's own config; only train__epochs may be given, or another backend "
            "(train__engine)"
        )
    epochs = changes.get("train.epochs", 0)
    if not isinstance(epochs, int) or epochs < ("train.epochs" in changes):
        raise UserError(f"train.epochs: expected a number of epochs, got {epochs!r}")
    return epochs
