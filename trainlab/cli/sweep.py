"""`trainlab sweep`: starts or resumes a search for better settings."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from trainlab.cli import _completion, _sweep_progress, _sweep_summary, _terminal
from trainlab.cli._stopping import sweep_stoppable
from trainlab.cli._sweep_progress import Quiet
from trainlab.core.config import Document
from trainlab.core.errors import UserError
from trainlab.report.insights import insights, write_insights
from trainlab.report.sweep_record import SweepRecord
from trainlab.search import sweep as search
from trainlab.search.experiment import SweepExperiment, read
from trainlab.search.space import SearchSpace
from trainlab.search.summary import Summary

ConfigArgument = Annotated[
    str | None, typer.Argument(metavar="CONFIG", help="A YAML file: the experiment with its `sweep` block.")
]
OverridesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="KEY=VALUE",
        autocompletion=_completion.settings,
        help="Settings that replace the file's, e.g. train.epochs=5.",
    ),
]
WorkersOption = Annotated[
    int | None,
    typer.Option(
        "--workers",
        "-w",
        metavar="N",
        min=1,
        help="Trials at once; by default one per core, or all of the cluster.",
    ),
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Train on the workers of this Dask cluster, e.g. tcp://10.0.0.5:8786."),
]
FreshOption = Annotated[bool, typer.Option("--fresh", help="Start a new Python process for each trial.")]
TrialsOption = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="How many trials, instead of the config's number.")
]
RunsOption = Annotated[Path, typer.Option(metavar="DIR", help="Where the sweep's folder is created.")]
NameOption = Annotated[str | None, typer.Option(metavar="NAME", help="Name of the sweep instead of the config's.")]
ResumeOption = Annotated[
    str | None,
    typer.Option(
        metavar="SWEEP", autocompletion=_completion.runs, help="Continue this sweep; --trials N adds trials to it."
    ),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Check the config and print the plan only.")]
PrintTrialsOption = Annotated[
    bool, typer.Option("--print-trials", help="Print the settings of every trial, without training.")
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print only the sweep's folder.")]
AsJsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def sweep(
    config: ConfigArgument = None,
    overrides: OverridesArgument = None,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    fresh: FreshOption = False,
    trials: TrialsOption = None,
    runs: RunsOption = Path("runs"),
    name: NameOption = None,
    resume: ResumeOption = None,
    dry_run: DryRunOption = False,
    print_trials: PrintTrialsOption = False,
    quiet: QuietOption = False,
    as_json: AsJsonOption = False,
) -> None:
    """Search for better settings: train many trials of an experiment, each in a run folder of its own.

    The values of trial number i depend on the config and i alone, so the number of workers, a crash or a resume change
    nothing. A trial that crashes is marked `failed`, and the sweep continues. After Ctrl-C the running trials save
    their state, a second Ctrl-C kills them; --resume does not repeat trials that have ended. Exit code 130 if the
    sweep was interrupted, 3 if no trial finished.

    Examples:
        trainlab sweep configs/digits-sweep.yaml --workers 2
        trainlab sweep configs/digits-sweep.yaml train.epochs=5 --trials 40
        trainlab sweep configs/digits-sweep.yaml --print-trials
        trainlab sweep --resume digits-sweep-1 --trials 60
        trainlab sweep configs/digits-sweep.yaml --scheduler tcp://10.0.0.5:8786
    """
    given = [part for part in (config, *(overrides or ())) if part is not None]
    machines: dict[str, Any] = {"workers": workers or (None if scheduler else cores()), "scheduler": scheduler}
    machines["fresh"] = fresh
    with _terminal.answering(as_json):
        if resume is not None:
            if given or name is not None or dry_run or print_trials:
                raise UserError(
                    "--resume uses the sweep's own config: use only --trials, --workers, --scheduler and --fresh"
                )
            with sweep_stoppable(progress_of(quiet)) as callback:
                summary = search.resume(resume, runs=runs, trials=trials, callback=callback, **machines)
        else:
            document = _read(given, trials)
            if dry_run or print_trials:
                _show(document, runs, name, listed=print_trials, as_json=as_json)
                return
            with sweep_stoppable(progress_of(quiet)) as callback:
                summary = search.start(document, runs=runs, name=name, callback=callback, **machines)
    _print(summary, quiet=quiet, as_json=as_json)
    raise typer.Exit(summary.exit_code)


def progress_of(quiet: bool) -> Quiet:
    """The callback that shows a sweep on stderr: redrawn on a terminal, a line per trial elsewhere."""
    if quiet:
        return Quiet()
    return _sweep_progress.Redrawn() if _terminal.live(sys.stderr) else _sweep_progress.Lines()


def _read(given: list[str], trials: int | None) -> Document[SweepExperiment]:
    if not given:
        raise UserError("which config? Use `trainlab sweep CONFIG`; `trainlab new sweep -o CONFIG` writes one")
    document = read(given[0], given[1:])
    if trials is not None and document.value.sweep is not None:
        document = read(given[0], [*given[1:], f"sweep.trials={trials}"])
    return document


def _show(document: Document[SweepExperiment], runs: Path, name: str | None, *, listed: bool, as_json: bool) -> None:
    """Print the plan, or the trials."""
    space = SearchSpace(document)
    drawn = [space.trial(number) for cohort in space.cohorts if not cohort.waits for number in cohort.trials]
    if later := _sweep_summary.later_text(space, len(drawn)):
        _terminal.note(later)
    if as_json:
        _terminal.emit([{"trial": trial.number, **trial.values} for trial in drawn])
    elif listed:
        _terminal.say(_sweep_summary.trials_text(drawn, list(space.distributions), _terminal.columns(None)))
    else:
        where = runs / f"{name or document.value.name}-sweep-N"
        _terminal.say(_sweep_summary.plan_text(space, drawn, where))


def _print(summary: Summary, *, quiet: bool, as_json: bool) -> None:
    record = SweepRecord(summary.folder)
    known = insights(record)
    write_insights(record, known)
    if as_json:
        _terminal.emit(_sweep_summary.as_data(summary, known))
    elif quiet:
        _terminal.put(str(summary.folder))
    else:
        _terminal.say(_sweep_summary.as_text(summary, known, _terminal.columns(None)))


def cores() -> int:
    """The number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
