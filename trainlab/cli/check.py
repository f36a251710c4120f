"""`trainlab check`: what can be known of an experiment before it is trained."""

import os
import sys
from typing import Annotated

import typer

from trainlab.cli import _terminal
from trainlab.cli._fail_on import FailOn, found_at


def check(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="The experiment, a YAML file.")],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY=VALUE", help="Settings that replace the file's, e.g. model.init=zeros."),
    ] = None,
    fail_on: Annotated[
        FailOn, typer.Option(help="Exit with 4 if a diagnosis of this severity or a worse one was made.")
    ] = FailOn.warning,
    as_json: Annotated[bool, typer.Option("--json", help="Print all measurements and findings as JSON.")] = False,
) -> None:
    """Find what is wrong with an experiment before it is trained, in seconds.

    It looks at the data, sends some rows through the untrained network (outputs and gradients layer by layer, the loss
    against chance), raises the regularization, compares every param's gradient with differences, and lets a copy learn
    some 20 rows by heart. Nothing is written. Exit code 4 if there is a warning or an error.

    Examples:
        trainlab check configs/digits.yaml
        trainlab check configs/digits.yaml model.init=zeros
        trainlab check configs/digits.yaml --fail-on error --json
    """
    given = [config, *(overrides or ())]
    with _terminal.answering(as_json):
        from trainlab.search.experiment import read
        from trainlab.tools.check import check as checked

        found = checked(read(given[0], given[1:]))
    code = 4 if found_at(fail_on, found.diagnoses) else 0
    if as_json:
        _terminal.emit({**found.as_dict(), "exit_code": code})
    else:
        from trainlab.cli._check_text import as_text

        width = _terminal.columns(80)
        color = _terminal.live(sys.stdout) and not os.environ.get("NO_COLOR")
        print(as_text(found, given, width=min(width, 120), color=color))
    raise typer.Exit(code)
