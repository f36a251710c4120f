"""`trainlab evaluate`: the scores of a trained network."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from trainlab.cli import _terminal
from trainlab.cli._weights import Weights
from trainlab.inference.evaluate import Evaluation
from trainlab.inference.evaluate import evaluate as scored
from trainlab.report.grid import Column, grid

_WIDEST_CONFUSION = 30  # classes; beyond, the matrix is for --json


class Part(StrEnum):
    """A split of the run's own data."""

    test = "test"
    val = "val"
    train = "train"


def evaluate(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="The folder of a run or an ensemble, or its name in --runs.")
    ],
    data: Annotated[
        str | None, typer.Option(metavar="FILE", help="Score on this file with a target column, CSV or Parquet.")
    ] = None,
    part: Annotated[Part, typer.Option(help="Without --data: the split of the run's own data.")] = Part.test,
    top: Annotated[int, typer.Option(min=1, metavar="K", help="K of the top-K accuracy.")] = 5,
    weights: Annotated[Weights, typer.Option(help="Which weights of the run.")] = Weights.best,
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the runs.")] = Path("runs"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the scores as JSON.")] = False,
) -> None:
    """Score the trained network of a run, with the run's own preprocessing.

    Classification: accuracy, top-K accuracy, precision, recall and F1 of each class, confusion matrix. Regression: R2,
    MAE and RMSE.

    Examples:
        trainlab evaluate runs/digits-1
        trainlab evaluate digits-1 --data new-digits.csv --json
    """
    with _terminal.answering(as_json):
        found = scored(run, data, part=part.value, weights=weights.value, top=top, runs=runs)
        if as_json:
            _terminal.emit(found.as_dict())
        else:
            _terminal.say("\n".join(_lines(found)))


def _lines(found: Evaluation) -> list[str]:
    lines = [f"{found.run}{_weights(found.epoch)}, on {found.rows} {_of(found.data)}"]
    lines += [f"  {name:<9} {value:.4g}" for name, value in found.scores.items()]
    for target, scores in found.targets.items():
        lines.append(f"  {target}: " + "  ".join(f"{name} {value:.4g}" for name, value in scores.items()))
    if found.classes:
        columns = [
            Column("class", [c.name for c in found.classes], right=False),
            Column("rows", [str(c.rows) for c in found.classes]),
            *(
                Column(n, [f"{getattr(c, n.lower()):.4f}" for c in found.classes])
                for n in ("precision", "recall", "F1")
            ),
        ]
        lines += ["", *grid(columns)]
    if found.confusion and len(found.confusion) <= _WIDEST_CONFUSION:
        names = [c.name for c in found.classes]
        cell = max(len(str(max(map(max, found.confusion)))), *(min(len(name), 8) for name in names)) + 1
        widest = max(map(len, names))
        lines += ["", "confusion: a row per true class, a column per prediction"]
        lines.append(" " * widest + "".join(f"{name[:8]:>{cell}}" for name in names))
        for name, row in zip(names, found.confusion, strict=True):
            lines.append(f"{name:<{widest}}" + "".join(f"{count or '.':>{cell}}" for count in row))
    return lines


def _weights(epoch: int | None) -> str:
    return "" if epoch is None else f", weights of epoch {epoch}"


def _of(data: str) -> str:
    return data if data.endswith(" rows") else f"rows of {data}"
