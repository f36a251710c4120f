"""`trainlab check`: the checks that run before training."""

import sys
from typing import Annotated

import typer

from trainlab.cli import _completion, _terminal
from trainlab.cli._check_text import as_text
from trainlab.cli._fail_on import FailOn, found_at
from trainlab.search.experiment import read
from trainlab.tools.check import check as checked


def check(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="The experiment, a YAML file.")],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="KEY=VALUE",
            autocompletion=_completion.settings,
            help="Settings that replace the file's, e.g. model.init=zeros.",
        ),
    ] = None,
    fail_on: Annotated[
        FailOn, typer.Option(help="Exit with 4 if there is a finding of this severity or worse.")
    ] = FailOn.warning,
    as_json: Annotated[bool, typer.Option("--json", help="Print all measurements and findings as JSON.")] = False,
) -> None:
    """Find the problems of an experiment before training, in seconds.

    Checks the data, passes some rows through the untrained network (outputs and gradients layer by layer, loss against
    chance), raises the regularization, checks gradients numerically and overfits a copy on about 20 rows. Writes
    nothing. Exit code 4 if there is a warning or an error.

    Examples:
        trainlab check configs/digits.yaml
        trainlab check configs/digits.yaml model.init=zeros
        trainlab check configs/digits.yaml --fail-on error --json
    """
    given = [config, *(overrides or ())]
    with _terminal.answering(as_json):
        document = read(given[0], given[1:])
        found = checked(document)
    for note in found.notes:
        _terminal.note(f"data: {note}")
    code = 4 if found_at(fail_on, found.diagnoses) else 0
    if as_json:
        _terminal.emit({**found.as_dict(), "exit_code": code})
    else:
        width = _terminal.columns(80)
        command = "sweep" if document.value.sweep else "train"
        print(as_text(found, given, width=min(width, 120), color=_terminal.has_color(sys.stdout), command=command))
    raise typer.Exit(code)
