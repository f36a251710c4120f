"""`trainlab predict`: the predictions of a trained network for new rows."""

from pathlib import Path
from typing import Annotated

import typer

from trainlab.cli import _completion, _terminal
from trainlab.cli._weights import Weights, say_changed
from trainlab.core.errors import UserError
from trainlab.inference.evaluate import predict as predicted
from trainlab.report.decision_text import decision_lines


def predict(
    run: _completion.NetworkArgument,
    source: Annotated[
        str, typer.Option("--input", metavar="FILE", help="The rows: a CSV or Parquet file with the training columns.")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write the CSV to this file instead of stdout.")
    ] = None,
    weights: Annotated[Weights, typer.Option(help="Which weights of the run.")] = Weights.best,
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the runs.")] = Path("runs"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the predictions as JSON.")] = False,
) -> None:
    """Predict the rows of a file with the trained network of a run.

    Applies the run's own preprocessing. Writes one row per input row: the class and the probability of each class, or
    the predicted numbers. If the run keeps a temperature or a threshold, they are used, and stderr says so. Ignores a
    target column in the file; missing and unknown columns are errors.

    Examples:
        trainlab predict runs/iris-1 --input flowers.csv --output predictions.csv
    """
    with _terminal.answering(as_json):
        if output is not None and output.exists() and Path(source).exists() and output.samefile(source):
            raise UserError(f"{output}: would be overwritten with its own predictions; choose another --output")

        found = predicted(run, source, weights=weights.value, runs=runs)
        for line in decision_lines(found.decision.as_dict()):
            _terminal.note(line)
        say_changed(run, runs)
        if output is not None:
            found.write(output)
            _terminal.note(f"{output}: {len(found.rows)} predictions written")
        if as_json:
            _terminal.emit([dict(zip(found.columns, row, strict=True)) for row in found.rows])
        elif output is None:
            _terminal.put(found.text().rstrip("\n"))
