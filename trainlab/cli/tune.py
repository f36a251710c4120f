"""`trainlab tune`: from a config to the best network that a budget allows."""

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from trainlab.cli import _completion, _terminal
from trainlab.cli._stopping import sweep_stoppable
from trainlab.cli._sweep_progress import Lines, Quiet
from trainlab.cli.sweep import WorkersOption, cores
from trainlab.core.errors import UserError
from trainlab.report.html.tune_page import tune_page
from trainlab.report.tune_record import TuneRecord
from trainlab.report.tune_text import step_text
from trainlab.search.experiment import read
from trainlab.store.writing import write_output
from trainlab.tuning import tune as tuning
from trainlab.tuning.budget import Budget
from trainlab.tuning.journal import Step
from trainlab.tuning.plan import outline
from trainlab.tuning.story import told
from trainlab.tuning.tune import Tuned

_RESULT = ("confirm", "test", "end")
ConfigArgument = Annotated[str | None, typer.Argument(metavar="CONFIG", help="The experiment, a YAML file.")]
OverridesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="KEY=VALUE",
        autocompletion=_completion.settings,
        help="Settings that replace the file's, e.g. train.epochs=20.",
    ),
]
BudgetOption = Annotated[
    str,
    typer.Option(
        metavar="TIME|N-epochs|N-trials",
        help="What may be used in all: a time (90s, 10m, 1h), epochs (200-epochs) or trained networks (40-trials).",
    ),
]
FixOption = Annotated[
    bool, typer.Option("--fix", help="Apply the patches of what `check` finds, instead of stopping at an error.")
]
FromOption = Annotated[
    str | None, typer.Option("--from", metavar="SWEEP", help="Start where this sweep of the same settings has ended.")
]
RunsOption = Annotated[Path, typer.Option(metavar="DIR", help="Where the folder is created.")]
NameOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="Name of the folder instead of the config's name.")
]
ResumeOption = Annotated[str | None, typer.Option(metavar="TUNE", help="Continue this tune.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Check the config and print the plan only.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print only the folder.")]
AsJsonOption = Annotated[bool, typer.Option("--json", help="Print all steps and the winner as JSON.")]


def tune(
    config: ConfigArgument = None,
    overrides: OverridesArgument = None,
    budget: BudgetOption = "40-trials",
    fix: FixOption = False,
    prior: FromOption = None,
    workers: WorkersOption = None,
    runs: RunsOption = Path("runs"),
    name: NameOption = None,
    resume: ResumeOption = None,
    dry_run: DryRunOption = False,
    quiet: QuietOption = False,
    as_json: AsJsonOption = False,
) -> None:
    """Find the best network for an experiment within a budget: check, rate, search, refine, confirm, test.

    Checks the experiment, finds the range of the learning rate, searches with short trials, refines with full ones, and
    decides after each round from the curves of the best trials: longer, more regularization, more capacity, a wider
    range, or the end. Trains the best three with further seeds, scores the test rows once, for the winner only, and
    compares it with simpler models. Searches the settings of the config's `sweep` block, without one those that matter
    in most trainings. Writes NAME-tune-N with report.html and best.yaml. After Ctrl-C or a kill, --resume continues to
    the same end.

    Exit code 3 if no trial finished, 4 if the check found an error that the search cannot remove, 130 if it was
    interrupted.

    Examples:
        trainlab tune configs/tune.yaml --budget 10m
        trainlab tune configs/digits.yaml --budget 40-trials --fix
        trainlab tune --resume digits-tune-1
        trainlab tune configs/digits-sweep.yaml --from digits-sweep-1 --budget 200-epochs
    """
    given = [part for part in (config, *(overrides or ())) if part is not None]
    shown = Quiet() if quiet or as_json else Lines()
    tell = silent if quiet or as_json else tell_step
    common: dict[str, Any] = {"runs": runs, "workers": workers or cores(), "shown": shown, "tell": tell}
    with _terminal.answering(as_json):
        if resume is not None:
            if given or name is not None or dry_run or fix or prior is not None:
                raise UserError("--resume uses the tune's own config and budget: use only --workers")
            with sweep_stoppable(shown):
                found = tuning.resume(resume, **common)
        else:
            if not given:
                raise UserError("which config? Use `trainlab tune CONFIG`; `trainlab new -o CONFIG` writes one")
            document, allowed = read(given[0], given[1:]), Budget.read(budget)
            if dry_run:
                _plan(tuning.plan_of(document, allowed, fix=fix, prior=prior, runs=runs), as_json=as_json)
                return
            with sweep_stoppable(shown):
                found = tuning.start(document, allowed, name=name, fix=fix, prior=prior, **common)
    _finish(found, quiet=quiet, as_json=as_json)


def tell_step(step: Step) -> None:
    """Print a step to stderr, but for those that the end prints."""
    if step["step"] not in _RESULT:
        _terminal.note(step_text(step))


def silent(_: Step) -> None:
    """For --quiet and --json."""


def _plan(asked: dict[str, Any], *, as_json: bool) -> None:
    """Print what would be done."""
    lines = outline(Budget(**asked["budget"]), asked["epochs"])
    if as_json:
        _terminal.emit({**asked, "outline": lines})
        return
    _terminal.say(step_text(told("plan", asked, {})))
    numbered = "\n".join(["  in turn:", *(f"  {i}. {line}" for i, line in enumerate(lines, start=1))])
    _terminal.say(numbered)
    _terminal.say("nothing was trained")


def _finish(found: Tuned, *, quiet: bool, as_json: bool) -> None:
    """Write the page, print the result, and end with its exit code."""
    page = write_page(found.folder)
    command = _following(found)
    if as_json:
        _terminal.emit({**found.as_dict(), "page": str(page), "next": command})
    elif quiet:
        _terminal.put(str(found.folder))
    else:
        _terminal.say(f"tune {found.state}: {found.folder}")
        for step in [found.steps[name] for name in _RESULT if name in found.steps]:
            _terminal.say(step_text(step))
        _terminal.say(f"page: {page}\nnext: {command}")
    raise typer.Exit(found.exit_code)


def write_page(folder: Path) -> Path:
    """Write the page of a tune into its folder; its path."""
    page = folder / "report.html"
    write_output(page, tune_page(TuneRecord(folder)).encode())
    return page


def _following(found: Tuned) -> str:
    """The next command: resume, look at the failure, or use the winner."""
    if found.state == "interrupted":
        return shlex.join(["trainlab", "tune", "--resume", str(found.folder)])
    run = found.steps.get("end", {}).get("run")
    if run:
        return shlex.join(["trainlab", "evaluate", str(found.folder / run)])
    if found.state == "failed":
        return shlex.join(["trainlab", "check", str(found.folder / "tune.yaml")])
    return shlex.join(["trainlab", "report", str(found.folder / "search-1")])
