"""`trainlab calibrate`: calibrate the probabilities of a trained network."""

from pathlib import Path
from typing import Annotated

import typer

from trainlab.cli import _completion, _terminal
from trainlab.inference.decide import calibrate as fitted
from trainlab.report.decision_text import decision_lines


def calibrate(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN", autocompletion=_completion.runs, help="The folder of a run, or its name in --runs."
        ),
    ],
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove the temperature: probabilities are then as the network gives them.")
    ] = False,
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the runs.")] = Path("runs"),
    as_json: Annotated[bool, typer.Option("--json", help="Print what the run keeps as JSON.")] = False,
) -> None:
    """Fit a temperature to the validation rows of a run, so that its probabilities are calibrated.

    Calibrated means that of the rows predicted with 80 %, about 80 % are right. The outputs of the best weights are
    divided by one number, which changes no label. The run keeps it in decision.json; `evaluate`, `predict`, `ensemble`
    and `export` use it. A new run does the same with `calibrate: temperature` in its config.

    Examples:
        trainlab calibrate digits-1
        trainlab calibrate digits-1 --remove
    """
    with _terminal.answering(as_json):
        found = fitted(run, remove=remove, runs=runs)
    decision = found.decision.as_dict()
    if as_json:
        _terminal.emit({"run": found.run, **decision})
        return
    lines = decision_lines(decision) or ["The probabilities are those that the network gives."]
    _terminal.say("\n".join(f"{found.run}: {line}" for line in lines))
    if not remove:
        _terminal.note(f"wrote {found.file}; next: trainlab evaluate {found.file.parent}")
