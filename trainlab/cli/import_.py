"""`trainlab import`: a run folder of a log that another tool wrote."""

from pathlib import Path
from typing import Annotated

import typer

from trainlab.cli import _terminal
from trainlab.cli._log_options import (
    ChanceOption,
    ClassesOption,
    FormatOption,
    LogArgument,
    MapOption,
    RegressionOption,
    checked,
)
from trainlab.cli._summary import findings
from trainlab.integrations.logs.diagnosis import judge
from trainlab.integrations.logs.imported import import_log
from trainlab.report.text import counted


def import_(
    log: LogArgument,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Name of the run. [default: the file's]")] = None,
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the runs.")] = Path("runs"),
    mapping: MapOption = None,
    format_name: FormatOption = None,
    classes: ClassesOption = None,
    chance: ChanceOption = None,
    regression: RegressionOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the folder and the findings as JSON.")] = False,
) -> None:
    """Make a run folder of a log that another tool wrote, to report it beside your own runs.

    `diagnose` reads and checks the log in the same way. The folder holds its epochs, steps and findings; `report`,
    `diagnose`, `diff` and `serve` accept it as a run. It has no network, so it cannot be evaluated, resumed or fixed.

    Examples:
        trainlab import training.csv --name keras-baseline
        trainlab import runs/Nov28_host --name torch --classes 10
        trainlab import trainer_state.json --json
    """
    with _terminal.answering(as_json):
        checked(classes, chance, regression)
        found = judge(
            log, mapping or (), classes=classes, chance=chance, regression=regression, format_name=format_name
        )
        folder = import_log(found, name or log.resolve().name.split(".")[0], runs)
    if as_json:
        _terminal.emit({"folder": str(folder.path), **found.as_dict(), "exit_code": 0})
        return
    steps = f", {counted(found.steps, 'step')}" if found.steps else ""
    _terminal.say(f"{folder.path}: {counted(found.epochs, 'epoch')}{steps} of {log}\n")
    _terminal.say("\n".join(findings(found.diagnoses, _terminal.columns(80))))
    _terminal.say(f"\nnext: trainlab report {folder.path}")
