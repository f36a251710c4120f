"""`trainlab fix`: try the suggested patches of a run, and keep those that measurably help."""

from pathlib import Path
from typing import Annotated

import typer

from trainlab.cli import _completion, _fix_text, _terminal
from trainlab.cli._progress import Pulse, Quiet
from trainlab.cli._stopping import stoppable
from trainlab.store.folder import RunFolder
from trainlab.tools.fix.budget import Budget
from trainlab.tools.fix.fix import Fixed
from trainlab.tools.fix.fix import fix as tried
from trainlab.tools.fix.rewriting import write_fixed
from trainlab.tools.fix.trial import Trial


def fix(
    run: Annotated[
        str, typer.Argument(metavar="RUN", autocompletion=_completion.runs, help="A run folder, or its name in --runs.")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the fixed config here.")
    ] = None,
    budget: Annotated[
        str, typer.Option(metavar="RUNS|TIME", help="Limit: a number of runs (12) or a time (90s, 5m, 1h).")
    ] = "12",
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the runs.")] = Path("runs"),
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the result only.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result, with every trial, as JSON.")] = False,
) -> None:
    """Try the suggested patches of a run in short real runs, and print the smallest patch that helps.

    The first patches of all causes are tried together, then one by one. Without a finding, or if none helps, the
    likeliest patches are tried until six runs are spent: a rate from a range test of 120 steps (not counted as a
    run), more epochs, Adam, scaling, no penalty, more units. Each trial has the seed of the run. Where one seed
    cannot show a significant gain, more seeds are run with and without the patch. Trials are written to RUN/fixes.
    Ctrl-C stops; the same command continues and repeats nothing.

    Exit code 0 if a patch helps or there is no problem, 4 if nothing helps, 130 if it was stopped.

    Examples:
        trainlab fix runs/digits-3
        trainlab fix digits-3 --budget 5m -o fixed.yaml
        trainlab fix digits-3 --json
    """
    first: list[int] = []

    def tell(trial: Trial) -> None:
        first.append(trial.seed)
        if not quiet and not as_json:
            _terminal.note(_fix_text.line(trial, first[0]))

    with _terminal.answering(as_json):
        progress = Quiet() if quiet or as_json else Pulse()
        with stoppable(progress):
            fixed = tried(run, runs=runs, budget=Budget.read(budget), callbacks=[progress], tell=tell)
        wrote = _written(fixed, output)
    if as_json:
        _terminal.emit(fixed.as_dict() | {"output": str(output) if wrote else None})
    else:
        _terminal.say(_fix_text.as_text(fixed, wrote))
    raise typer.Exit(fixed.exit_code)


def _written(fixed: Fixed, output: Path | None) -> str:
    """Write the fixed config; the text about it."""
    if output is None or not fixed.patch:
        return ""

    own = write_fixed(output, RunFolder(fixed.folder), fixed.config(), fixed.patch)
    how = "your config with the patch in it" if own else "the whole config, every default written out"
    return f"wrote {output}: {how}\nnext: trainlab train {output}"
