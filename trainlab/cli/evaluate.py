"""`trainlab evaluate`: the scores of a trained network."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from trainlab.cli import _completion, _terminal
from trainlab.cli._weights import Weights, say_changed
from trainlab.inference.evaluate import Evaluation
from trainlab.inference.evaluate import evaluate as scored
from trainlab.report.decision_text import decision_lines
from trainlab.report.grid import Column, grid
from trainlab.report.json_fields import number, table, tables
from trainlab.report.picture_files import Kind, write_pictures
from trainlab.report.text import fit, width_of

_WIDEST_CONFUSION = 30  # classes; beyond, the matrix is for --json


class Part(StrEnum):
    """A split of the run's own data."""

    test = "test"
    val = "val"
    train = "train"


def evaluate(
    run: _completion.NetworkArgument,
    data: Annotated[
        str | None, typer.Option(metavar="FILE", help="Score on this file with a target column, CSV or Parquet.")
    ] = None,
    part: Annotated[Part, typer.Option(help="Without --data: the split of the run's own data.")] = Part.test,
    threshold: Annotated[
        str | None,
        typer.Option(
            metavar="RULE",
            help="First choose the threshold of two classes on the validation rows by a metric (f1, balanced_accuracy, "
            "...), or give it as a number; `none` removes it. The run keeps it.",
        ),
    ] = None,
    positive: Annotated[
        str | None, typer.Option(metavar="CLASS", help="Of two classes: the positive one; by default the second.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a self-contained page with all pictures.")
    ] = None,
    png: Annotated[Path | None, typer.Option(metavar="DIR", help="Write every picture as a PNG file.")] = None,
    svg: Annotated[Path | None, typer.Option(metavar="DIR", help="Write every picture as an SVG file.")] = None,
    top: Annotated[int, typer.Option(min=1, metavar="K", help="K of the top-K accuracy.")] = 5,
    weights: Annotated[Weights, typer.Option(help="Which weights of the run.")] = Weights.best,
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the runs.")] = Path("runs"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the scores and the curves as JSON.")] = False,
) -> None:
    """Score the trained network of a run, with the run's own preprocessing.

    Classification: accuracy, top-K accuracy, precision, recall and F1 of each class, confusion matrix, and the ROC,
    precision-recall and reliability curves of the probabilities. Regression: R2, MAE and RMSE.

    Examples:
        trainlab evaluate runs/digits-1
        trainlab evaluate digits-1 --data new-digits.csv --json
        trainlab evaluate churn-1 --threshold f1 --positive yes --html churn.html
    """
    with _terminal.answering(as_json):
        found = scored(
            run,
            data,
            part=part.value,
            weights=weights.value,
            top=top,
            threshold=threshold,
            positive=positive,
            runs=runs,
        )
        where = part.value if data is None else data
        written = _drawn(found, where, html, png, svg)
        if as_json:
            _terminal.emit(found.as_dict())
        else:
            _terminal.say("\n".join(_lines(found, where)))
    for line in written:
        _terminal.note(line)
    say_changed(run, runs)


def _drawn(found: Evaluation, where: str, html: Path | None, png: Path | None, svg: Path | None) -> list[str]:
    """Write the pictures, and say where."""
    if html is None and png is None and svg is None:
        return []
    from trainlab.report.html.evaluation_page import pictures, write_evaluation_page  # few calls draw

    facts = {**found.as_dict(), "sample": dict(found.sample), "part": where}
    made = pictures(facts)
    lines: list[str] = []
    if html is not None:
        size = write_evaluation_page(html, facts, made)
        lines.append(f"wrote {html} ({size / 1e6:.1f} MB)")
    folders: dict[Kind, Path | None] = {"png": png, "svg": svg}
    for kind, folder in folders.items():
        if folder is not None:
            lines += [f"wrote {path}" for path in write_pictures(made, folder, kind)]
    return lines


def _lines(found: Evaluation, where: str) -> list[str]:
    lines = [f"{found.run}{_weights(found.epoch)}, on {found.rows} {_of(found.data)}"]
    lines += [f"  {name:<9} {value:.4g}" for name, value in found.scores.items()]
    for target, own in found.targets.items():
        lines.append(f"  {target}: " + "  ".join(f"{name} {value:.4g}" for name, value in own.items()))
    lines += [f"  {line}" for line in decision_lines(found.decision.as_dict(), where)]
    if found.classes:
        lines += ["", *grid(_columns(found), width=_terminal.columns(None)), *_rated(found)]
    if found.confusion and len(found.confusion) <= _WIDEST_CONFUSION:
        names = [c.name for c in found.classes]
        widest = max(map(width_of, names))
        room = max(4, (_terminal.columns(80) - widest) // len(names) - 1)  # of a column
        cell = max(len(str(max(map(max, found.confusion)))), min(widest, room))
        lines += ["", "confusion: a row per true class, a column per prediction"]
        lines.append(" " * widest + "".join(f" {fit(name, cell, right=True)}" for name in names))
        for name, row in zip(names, found.confusion, strict=True):
            lines.append(fit(name, widest) + "".join(f" {count or '.':>{cell}}" for count in row))
    return lines


def _rated(found: Evaluation) -> list[str]:
    """The areas under the curves of the positive class, and the calibration error."""
    facts: list[str] = []
    classes = tables(found.curves, "classes")
    if len(found.classes) == 2 and classes:
        one = classes[0]
        facts.append(f"{one['class']} against the rest: ROC AUC {one['roc_auc']:.4f}")
        facts.append(f"average precision {one['average_precision']:.4f} (a guess: {one['rows'] / found.rows:.4f})")
    error = number(table(found.curves, "reliability"), "calibration_error")
    if error is not None:
        facts.append(f"calibration error {error:.4f}")
    return ["", ", ".join(facts)] if facts else []


def _columns(found: Evaluation) -> list[Column]:
    """Precision, recall and F1 of each class; with several also the areas under its curves."""
    columns = [
        Column("class", [c.name for c in found.classes], right=False, shrinks=8, shrinks_at=1.5),
        Column("rows", [str(c.rows) for c in found.classes], 3),
        *(Column(n, [f"{getattr(c, n.lower()):.4f}" for c in found.classes], 1) for n in ("precision", "recall", "F1")),
    ]
    rated = {one["class"]: one for one in tables(found.curves, "classes")}
    if len(found.classes) > 2 and rated:
        for title, key in (("ROC AUC", "roc_auc"), ("avg. precision", "average_precision")):
            cells = [f"{rated[c.name][key]:.4f}" if c.name in rated else "" for c in found.classes]
            columns.append(Column(title, cells, 4))
    return columns


def _weights(epoch: int | None) -> str:
    return "" if epoch is None else f", weights of epoch {epoch}"


def _of(data: str) -> str:
    return data if data.endswith(" rows") else f"rows of {data}"
