"""Train a run in its folder, or resume one."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from functools import partial
from itertools import product
from math import isclose
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import Any

from trainlab.core.component import plain
from trainlab.core.config import Document
from trainlab.core.dump import dump
from trainlab.core.errors import UserError
from trainlab.data.cache import SplitsCache
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.trials import TRIALS
from trainlab.engine import selection
from trainlab.engine.blas import pinned
from trainlab.engine.torch.processes import GroupEnded, count, leads, together, wait_for_all
from trainlab.store.checksums import CHANGED, changed, of_files
from trainlab.store.decision import PLAIN, Decision, read_decision, write_decision
from trainlab.store.environment import write_environment
from trainlab.store.folder import RunFolder
from trainlab.store.json_file import read_json
from trainlab.store.status import BRIEF, Status, write_status
from trainlab.store.writing import write_atomic
from trainlab.training.baselines import baselines
from trainlab.training.calibration import calibrated, scaled
from trainlab.training.callbacks import Callback, RunInfo, RunResult
from trainlab.training.checkpointing import (
    Checkpointer,
    changed_backend,
    environment_of,
    fitted_of,
    require_same_data,
    status_of,
)
from trainlab.training.error_analysis import write_mistakes
from trainlab.training.experiment import Experiment, read, read_own
from trainlab.training.logger import RunLogger, StatusWriter
from trainlab.training.regions import Regions, has_regions
from trainlab.training.run_summary import write_start
from trainlab.training.saved import Ended, Saved
from trainlab.training.session import Ending, TrainingSession
from trainlab.training.setup import TrainingSetup, build, refuse_threads, require_torch
from trainlab.training.tracking import require_trackers, tracked
from trainlab.training.transfer import located


def train(
    document: Document[Experiment],
    *,
    runs: Path = Path("runs"),
    name: str | None = None,
    into: Path | None = None,
    until: int | None = None,
    callbacks: Sequence[Callback] = (),
    cache: SplitsCache | None = None,
    durable: bool = True,
    test: bool = True,
) -> RunResult:
    """Train an experiment in a new run folder: `runs/NAME-N`, or the folder `into`.

    until: stop after this epoch as if interrupted there; `resume` continues to the same bits · cache: keeps the
    dataset for further runs of this process · durable=False: a run of less than a second does not wait for the disk, so
    a power cut may damage its folder until the caller syncs the file system · test=False: the test rows stay unseen.
    Raises ConfigError or DataError before anything is made; a folder is made only for a run that can start.
    """
    experiment = document.value
    refuse_threads(document)
    require_trackers(document)
    with pinned(experiment.train.threads, torch=experiment.train.engine == "torch"), ExitStack() as stack:
        if count() > 1:
            require_torch(document)
            stack.enter_context(together())
        if not leads():
            into = Path(stack.enter_context(TemporaryDirectory())) / "run"
            callbacks = [c for c in callbacks if c.everywhere]
        document = located(document, runs)
        setup = build(document, cache=cache)
        compared = _baselines(setup, cache)
        session = TrainingSession(setup, monitored=leads())
        folder = RunFolder.create(runs, name or experiment.name, into=into)
        stack.enter_context(folder.lock())
        write_start(folder, document, setup, lambda: compared)
        status = Status.begin(folder.name, setup.experiment.train.epochs)
        taken = setup.taken.sentence(setup.net) if setup.taken is not None else ""
        work = setup.net.work * min(setup.config.batch_size, len(setup.parts.train))
        note = " ".join(filter(None, [taken, selection.gpu_hint(setup.experiment.train.engine, work)]))
        return _run(session, folder, status, callbacks, until, note=note, durable=durable, test=test)


def _baselines(setup: TrainingSetup, cache: SplitsCache | None) -> dict[str, Any]:
    """For data.json; none for the trials of a sweep, which share their rows (`cache`): theirs would all be the same."""
    experiment = setup.experiment
    if not experiment.baselines or cache is not None:
        return {}
    return baselines(setup.parts, setup.metrics, setup.best.metric, experiment.train.threads)


def resume(
    run: Path | str,
    *,
    runs: Path = Path("runs"),
    callbacks: Sequence[Callback] = (),
    cache: SplitsCache | None = None,
    epochs: int = 0,
    until: int | None = None,
    document: Document[Experiment] | None = None,
    backend: Sequence[str] | Mapping[str, Any] = (),
    durable: bool = True,
    test: bool = True,
) -> RunResult:
    """Continue a run from its last checkpoint, up to `epochs` epochs if that is more than its config says.

    until: stop after this epoch as if interrupted there, at once if the run has come so far already · document: the
    config that the caller believes the run to have; only its epochs and its backend may differ · backend: settings of
    the backend to go on with (`train.engine`), as overrides of `read` · durable, test: as in `train`.
    Raises UserError if the run has finished, has another config or other data by now, or another process trains it.
    """
    folder = RunFolder.open(run, runs)
    with ExitStack() as stack:
        if count() > 1:
            stack.enter_context(together())
            if not leads():
                there = Path(stack.enter_context(TemporaryDirectory())) / "run"
                folder = RunFolder.open(copytree(folder.path, there), runs)
                callbacks = [c for c in callbacks if c.everywhere]
            wait_for_all()  # the leading process changes its folder when all have copied it
        stack.enter_context(folder.lock())
        own = read_own(folder.config)
        require_trackers(own)
        changes: dict[str, Any] = {}
        document = read(folder.config, backend, own=True) if backend else document
        if document is not None:
            changes = changed_backend(own.value, document.value, folder)
            more = document.value.train.epochs
            epochs = epochs or (more if more > own.value.train.epochs else 0)
        goes_on = read(folder.config, changes, own=True) if changes else own
        if count() > 1:
            require_torch(goes_on)
        with pinned(goes_on.value.train.threads, torch=goes_on.value.train.engine == "torch"):
            return _resume(folder, goes_on, epochs, callbacks, until, cache, durable=durable, test=test, moved=changes)


def _resume(
    folder: RunFolder,
    own: Document[Experiment],
    epochs: int,
    callbacks: Sequence[Callback],
    until: int | None,
    cache: SplitsCache | None,
    *,
    durable: bool,
    test: bool,
    moved: dict[str, Any],
) -> RunResult:
    """moved: the settings of `own` that the folder's config does not have yet, of another backend."""
    status, settings, environment = status_of(folder), own.value.train, environment_of(folder)
    engine, note = selection.select_to_resume(
        environment.get("engine"), settings.engine, settings.arrays, settings.torch_options
    )
    changes: dict[str, Any] = {"train.epochs": epochs} if epochs else {}
    if engine != settings.engine:
        changes["train.engine"] = engine
    document = read(folder.config, moved | changes, own=True) if changes else own
    setup = build(document, cache=cache, fitted=fitted_of(folder))
    require_same_data(setup, folder)
    done = setup.experiment.train.epochs <= status.epoch
    if status.state == "finished" and (done or not epochs):
        raise UserError(
            f"{folder.path}: this run has finished ({status.epoch} epochs); to train it further say how far: "
            f"train.epochs={2 * max(1, status.epoch)}"
        )
    session = TrainingSession(setup, monitored=leads())
    decision = read_decision(folder.decision)
    saved = Saved.read(folder, session)  # before anything is written: a run that is refused stays as it was
    if 0 < epochs < status.epoch:
        raise UserError(
            f"{folder.path}: this run has come to epoch {status.epoch} already, beyond train.epochs={epochs}; name "
            "more epochs, or train a new run"
        )
    if changed(folder.config, status.files):
        note = " ".join(filter(None, [note, f"config.yaml {CHANGED}; the run goes on with what it says now."]))
    if status.files:  # a kill between two files leaves no checksum that does not fit
        write_status(folder.status, replace(status, files={}), durable=durable)
    if epochs or moved:
        write_atomic(folder.config, dump(plain(setup.experiment)).encode())
    if moved:
        write_environment(folder.environment, environment | {"resumed_engine": setup.net.backend.describe()})
    write_start(folder, document, setup, lambda: _baselines(setup, cache), resumed=True)
    session.metrics.clock.restart(status.seconds)
    status = replace(status.resumed(), epochs=session.epochs)
    if epochs:
        note = " ".join(filter(None, [note, _rate_jumps(setup.experiment, own.value.train.epochs, status.epoch)]))
    if decision.threshold is not None:
        note = " ".join(filter(None, [note, "The threshold that was chosen for this run's labels is dropped."]))
    write_decision(folder.decision, PLAIN)  # the best weights may change
    restore = partial(Checkpointer.resume, saved=saved)
    how: dict[str, Any] = {"restore": restore, "beyond_end": bool(epochs), "durable": durable, "test": test}
    return _run(session, folder, status, callbacks, until, note=note, **how)


def _rate_jumps(experiment: Experiment, before: int, done: int) -> str:
    """A sentence where the schedule gives another learning rate because the run has another number of epochs."""
    schedule, after = experiment.schedule, experiment.train.epochs
    old, new = schedule.at(done, before), schedule.at(done, after)
    if isclose(old, new, rel_tol=1e-3, abs_tol=1e-6):
        return ""
    return (
        f"The schedule {schedule.name} depends on the number of epochs: with {after} instead of {before} the learning "
        f"rate goes on at {new:.3g} times optimizer.lr, not at {old:.3g} times."
    )


def _run(
    session: TrainingSession,
    folder: RunFolder,
    status: Status,
    callbacks: Sequence[Callback],
    until: int | None,
    *,
    note: str = "",
    restore: Callable[[Checkpointer], None] | None = None,
    beyond_end: bool = False,
    durable: bool,
    test: bool,
) -> RunResult:
    """Train to the end of the session and write everything into the folder."""
    clock, best = session.metrics.clock, session.metrics.best
    status = replace(status, files=of_files(folder.path, [folder.config.name]))
    with (
        StatusWriter(folder.status, status, clock, best, session.monitors, durable=durable) as writer,
        RunLogger(folder, session.setup.columns, _regions(session)) as logger,
        tracked(session.setup.experiment.trackers if leads() else ()) as trackers,
    ):
        checkpointer = Checkpointer(folder, session, logger)
        if restore is not None:
            restore(checkpointer)
        callbacks = [logger, writer, *trackers, *callbacks, checkpointer]
        info = _info(session, folder, note, session.trainer.step or None)
        before = clock.seconds
        for callback in callbacks:
            callback.on_train_begin(info)
        clock.restart(before)  # opening a tracker takes seconds that are no training
        ended = None if beyond_end else checkpointer.ended
        if ended is None:
            ended, written = _to_end(session, logger, callbacks, until, beyond_end=beyond_end)
        else:  # killed after its last checkpoint: the layers' last step, which the end is judged by, is gone
            written = logger.written()
            _end_again(session, ended, callbacks)
        needs = [*logger.paths, folder.config, folder.environment]
        checkpointer.save(written, needs, durable=durable or clock.seconds >= BRIEF, ended=ended)
        result = _result(session, folder, ended.ending, test=test)
        for callback in callbacks:
            callback.on_train_end(result)
        return result


def _to_end(
    session: TrainingSession, logger: RunLogger, callbacks: Sequence[Callback], until: int | None, *, beyond_end: bool
) -> tuple[Ended, dict[str, dict[str, int]]]:
    """Train; how it ended, and how long the files were before the findings of the end."""
    ending = _fitted(session, callbacks, until, beyond_end=beyond_end)
    written = logger.written()  # findings of the end are dropped when a run is trained further
    earlier, late = tuple(session.monitors.findings), tuple[Finding, ...]()
    if ending.state == "finished":
        late = session.conclude()
    elif ending.state != "interrupted":
        session.monitors.conclude(None)
    return Ended(ending, late, earlier, tuple(session.monitors.findings)), written


def _end_again(session: TrainingSession, ended: Ended, callbacks: Sequence[Callback]) -> None:
    """Tell the callbacks of the end that the last checkpoint keeps."""
    if ended.ending.state == "finished":
        session.inspect_again(callbacks)
    session.monitors.findings[:] = ended.concluded
    for finding, callback in product(ended.findings, callbacks):
        callback.on_finding(finding)


def _regions(session: TrainingSession) -> Regions | None:
    """The grids of a run that has some."""
    if not has_regions(session.setup):
        return None
    return Regions(session.setup, session.trainer, session.metrics.evaluator)


def _fitted(session: TrainingSession, callbacks: Sequence[Callback], until: int | None, *, beyond_end: bool) -> Ending:
    """How the training ended, in this process or in another one."""
    try:
        return session.fit(callbacks, until=until, beyond_end=beyond_end)
    except GroupEnded:
        reasons = (c.stop_reason for c in callbacks if c.stop_reason)  # the signal may have come to all
        return Ending("interrupted", next(reasons, "another process has ended"))


def _info(session: TrainingSession, folder: RunFolder, note: str, resumed_at: int | None) -> RunInfo:
    parts = session.setup.parts
    return RunInfo(
        name=folder.name,
        folder=folder.path,
        epochs=session.epochs,
        steps_per_epoch=session.trainer.steps_per_epoch,
        train_rows=len(parts.train),
        val_rows=len(parts.val or ()),
        test_rows=len(parts.test or ()),
        parameters=session.setup.net.size,
        resumed_at=resumed_at,
        note=note,
        skipped=() if resumed_at else session.monitors.left_out("start", TRIALS),
        data_notes=parts.notes,
        best=str(session.setup.best),
    )


def _result(session: TrainingSession, folder: RunFolder, ending: Ending, *, test: bool) -> RunResult:
    """The result of the run, its best weights tested unless it was interrupted, or shall not be."""
    best = session.metrics.best.best
    return RunResult(
        folder=folder.path,
        state=ending.state,
        epoch=session.trainer.epoch,
        step=session.trainer.step,
        seconds=session.metrics.clock.seconds,
        best=asdict(best) if best else None,
        test=_test(session, folder, unseen=not test) if ending.state != "interrupted" else None,
        findings=tuple(session.monitors.findings),
        reason=ending.reason,
        data=read_json(folder.data) if session.setup.experiment.baselines else {},
    )


def _test(session: TrainingSession, folder: RunFolder, *, unseen: bool) -> dict[str, float] | None:
    """Metrics of the best weights on the test rows; writes their mistakes, or those of the validation rows where there
    are no test rows, or where these stay unseen.
    """
    setup, parts, metrics = session.setup, session.setup.parts, session.metrics
    tested = parts.test and not unseen
    part, rows, t = ("test", parts.test, setup.t_test) if tested else ("val", parts.val, setup.t_val)
    if not rows or t is None or not metrics.best.weights:
        return None
    setup.net.load_params(metrics.best.weights)
    temperature = calibrated(setup, metrics.evaluator)
    write_decision(folder.decision, Decision(temperature, epoch=metrics.best.epoch))
    outputs = scaled(metrics.evaluator.outputs(rows.x), temperature)
    write_mistakes(folder, setup, outputs, part=part, epoch=metrics.best.epoch)
    if part != "test":
        return None
    scores = metrics.evaluator.compare(outputs, t)
    return {"loss": scores.loss, metrics.score: scores.score, **metrics.measured(outputs, rows.y)}
