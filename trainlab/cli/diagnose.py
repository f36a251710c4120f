"""`trainlab diagnose`: the curve checks on a log of any training tool."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from trainlab.cli import _terminal
from trainlab.cli._fail_on import FailOn, found_at
from trainlab.cli._summary import findings
from trainlab.core.errors import UserError
from trainlab.integrations.logs.diagnosis import Judged, judge
from trainlab.report.curve import curve
from trainlab.report.text import counted, wrapped


def diagnose(
    log: Annotated[
        Path, typer.Argument(metavar="FILE", help="A log: CSV of any tool, trainer_state.json, or a run folder.")
    ],
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="WHAT=COLUMN", help="Meaning of a column: loss=train/loss. May be repeated."),
    ] = None,
    classes: Annotated[
        int | None, typer.Option(min=2, metavar="N", help="Number of classes; the loss of chance is then ln N.")
    ] = None,
    chance: Annotated[
        float | None, typer.Option(metavar="LOSS", help="Loss of a constant prediction, if it is not ln N.")
    ] = None,
    regression: Annotated[bool, typer.Option("--regression", help="The target is numeric, not classes.")] = False,
    fail_on: Annotated[
        FailOn, typer.Option(help="Exit with 4 if there is a finding of this severity or worse.")
    ] = FailOn.never,
    as_json: Annotated[bool, typer.Option("--json", help="Print columns, curves and findings as JSON.")] = False,
) -> None:
    """Check the training curves in a log that another tool wrote.

    Reads Keras' and Lightning's CSVLogger, Hugging Face's trainer_state.json, TensorBoard's CSV export and any CSV
    file. Columns are found by name (loss, val_acc, train/loss, lr-Adam, ...) or given by --map: epoch, step, loss,
    val_loss, accuracy, val_accuracy, r2, val_r2, lr, grad_norm, update_ratio. Blanks, nan, inf, repeated steps and
    restarts are handled. Checks that need the network itself are listed as not run.

    Examples:
        trainlab diagnose training.csv
        trainlab diagnose log.csv --map loss=objective --map val_loss=objective/dev --classes 10
        trainlab diagnose trainer_state.json --json --fail-on warning
    """
    with _terminal.answering(as_json):
        if chance is not None and not 0 < chance < float("inf"):
            raise UserError(f"--chance {chance:g}: expected a loss above 0")
        if regression and classes:
            raise UserError("--regression and --classes exclude each other")
        found = judge(log, mapping or (), classes=classes, chance=chance, regression=regression)
    code = 4 if found_at(fail_on, found.diagnoses) else 0
    if as_json:
        _terminal.emit({"file": str(log), **found.as_dict(), "exit_code": code})
    else:
        width = _terminal.columns(80)
        print("\n".join(_lines(log, found, min(width, 120))))
    raise typer.Exit(code)


def _lines(log: Path, found: Judged, width: int) -> list[str]:
    steps = f", {counted(found.steps, 'step')}" if found.steps else ""
    used = ", ".join(what if what == column else f"{what} = {column}" for what, column in found.log.columns.items())
    kind = f"{found.task}, chance is a loss of {found.chance:.4g}"
    kind += " (guessed from the first losses; --classes N or --chance LOSS set it)" if found.guessed else ""
    texts = [f"{log}: {counted(found.epochs, 'epoch')}{steps}", f"columns: {used}"]
    texts += [f"not used: {', '.join(found.log.unused)}"] if found.log.unused else []
    lines = [part for text in [*texts, kind, *found.log.notes] for part in _fold(text, width)]
    known = {name: [row.get(name) for row in found.curves[1:]] for name in ("train_loss", "val_loss")}
    losses = {name: values for name, values in known.items() if any(v is not None for v in values)}
    ascii_only = not _terminal.fits("⠿▁█…│", sys.stdout)
    if found.epochs > 1:
        lines += ["", *curve(losses, range(1, found.epochs + 1), width=width, ascii_only=ascii_only)]
    lines += ["", *findings(found.diagnoses, width)]
    blind = [f"{code} ({', '.join(lacks)})" for code, lacks in found.blind.items()]
    skipped = ", ".join(found.skipped)
    lines += ["", *_fold(f"checked: {', '.join(code for code in found.ran if code not in found.blind)}", width)]
    lines += _fold(f"checked in part, as columns are missing: {', '.join(blind)}", width) if blind else []
    lines += _fold(f"not checked, as they need more than curves: {skipped}", width)
    return lines


def _fold(text: str, width: int) -> list[str]:
    return wrapped(_terminal.shown(text), width, "", "  ")
