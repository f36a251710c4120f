"""Options of the commands that read a log of another tool."""

from pathlib import Path
from typing import Annotated

import typer

from trainlab.core.errors import UserError

LogArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="A log of any tool, a folder with one, or a run folder.")
]
MapOption = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="WHAT=COLUMN", help="Meaning of a column: loss=train/loss. May be repeated."),
]
FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAME",
        help="Read it as this format; `trainlab components log` lists them. [found by content]",
    ),
]
ClassesOption = Annotated[
    int | None, typer.Option(min=2, metavar="N", help="Number of classes; the loss of chance is then ln N.")
]
ChanceOption = Annotated[
    float | None, typer.Option(metavar="LOSS", help="Loss of a constant prediction, if it is not ln N.")
]
RegressionOption = Annotated[bool, typer.Option("--regression", help="The target is numeric, not classes.")]


def checked(classes: int | None, chance: float | None, regression: bool) -> None:
    """Raises UserError if what is told about the training makes no sense."""
    if classes is not None and classes < 2:
        raise UserError(f"--classes {classes}: expected two or more")
    if chance is not None and not 0 < chance < float("inf"):
        raise UserError(f"--chance {chance:g}: expected a loss above 0")
    if regression and classes:
        raise UserError("--regression and --classes exclude each other")
