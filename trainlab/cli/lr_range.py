"""`trainlab lr-range`: the learning rate range test."""

import math
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from trainlab.cli import _completion, _terminal
from trainlab.report.curve import curve
from trainlab.report.pictures.lr_range import picture
from trainlab.report.text import wrapped
from trainlab.search.experiment import read
from trainlab.store.folder import next_free, safe_name
from trainlab.store.writing import write_output
from trainlab.tools.lr_range import LrRange, as_csv
from trainlab.tools.lr_range import lr_range as climb


def lr_range(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="The experiment, a YAML file.")],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="KEY=VALUE",
            autocompletion=_completion.settings,
            help="Settings that replace the file's, e.g. optimizer=sgd.",
        ),
    ] = None,
    low: Annotated[float, typer.Option("--from", metavar="LR", help="The rate of the first step.")] = 1e-7,
    high: Annotated[float, typer.Option("--to", metavar="LR", help="The rate of the last step.")] = 10.0,
    steps: Annotated[
        int, typer.Option(min=20, max=1_000_000, metavar="N", help="Number of steps from the first rate to the last.")
    ] = 300,
    repeats: Annotated[
        int, typer.Option(min=1, max=1000, metavar="N", help="Number of seeds; the curve is their median.")
    ] = 3,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the curve here instead of a new folder in --runs.")
    ] = None,
    svg: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the curve here.")] = None,
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Folder in which NAME-lr-range-N is made.")] = Path("runs"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the rates and the curve as JSON.")] = False,
) -> None:
    """Find a learning rate: raise it step by step and see where the loss falls and where it blows up.

    Multiplies the rate by the same factor at every step, until the smoothed loss exceeds four times its minimum.
    Reports the rate at which the loss falls fastest, a tenth of the rate at which it blows up, and a suggestion. Writes
    the curve to NAME-lr-range-N/lr_range.csv and a picture of it to the same folder.

    Examples:
        trainlab lr-range configs/digits.yaml
        trainlab lr-range configs/digits.yaml optimizer=sgd --from 1e-4 --to 1 --repeats 5
        trainlab lr-range configs/digits.yaml --csv curve.csv --svg curve.svg
    """
    given = [config, *(overrides or ())]
    with _terminal.answering(as_json):
        found = climb(read(given[0], given[1:]), low=low, high=high, steps=steps, repeats=repeats)
        written = _write(found, csv, svg, runs)
    command = _following(found, given)
    if as_json:
        _terminal.emit({**found.as_dict(), "files": [str(path) for path in written], "next": command})
    else:
        width = _terminal.columns(80)
        print("\n".join(_lines(found, min(width, 120))))
        for path in written:
            _terminal.note(f"wrote {path}")
        _terminal.say(f"next: {command}")


def _write(found: LrRange, csv: Path | None, svg: Path | None, runs: Path) -> list[Path]:
    """Write the curve as a table and a picture, by default in a new folder."""
    if csv is None:
        folder = next_free(runs, safe_name(f"{found.name}-lr-range"))
        csv, svg = folder / "lr_range.csv", svg or folder / "lr_range.svg"
    write_output(csv, as_csv(found).encode())
    if svg is None:
        return [csv]
    marks = {"steepest": found.steepest, "suggested": found.suggestion, "blows up": found.blow_up}
    drawn = picture(
        f"{found.name}: learning rate range test ({found.optimizer})",
        found.lr.tolist(),
        found.smoothed.tolist(),
        [losses[: len(found.lr)].tolist() for losses in found.losses],
        {name: rate for name, rate in marks.items() if rate is not None},
    )
    write_output(svg, drawn.svg().encode())
    return [csv, svg]


def _lines(found: LrRange, width: int) -> list[str]:
    seeds = f"{len(found.seeds)} seed{'s' * (len(found.seeds) > 1)}"
    head = (
        f"{found.name}, {found.optimizer}: {len(found.lr)} steps from {found.lr[0]:.2g} to {found.lr[-1]:.2g}, {seeds}"
    )
    lines = [*wrapped(_terminal.shown(head), width, "", "  "), ""]
    ceiling = 2 * max(found.start, float(found.smoothed.min()))
    shown: list[Any] = [v if v <= ceiling else None for v in found.smoothed.tolist()]
    exponents = [math.log10(v) for v in found.lr.tolist()]
    ascii_only = not _terminal.fits("⠿▁█…│", sys.stdout)
    ends = f"{found.lr[0]:.2g}", f"{found.lr[-1]:.2g}"
    lines += curve(
        {"smoothed loss": shown}, exponents, width=width, ascii_only=ascii_only, x_name="learning rate", ends=ends
    )
    lines.append("")
    tenth = None if found.blow_up is None else found.blow_up / 10
    for name, value in (("falls fastest", found.steepest), ("lowest", found.best), ("blows up", found.blow_up)):
        lines.append(f"  {name:<15} " + ("not in this range" if value is None else f"{value:.2g}"))
    if tenth is not None:
        lines.append(f"  {'a tenth of that':<15} {tenth:.2g}")
    suggested = "none" if found.suggestion is None else f"{found.suggestion:g}"
    return [*lines, "", *wrapped(f"suggested: {suggested}: {found.why}", width, "", "  ")]


def _following(found: LrRange, given: list[str]) -> str:
    """The command to type next: train with the suggested rate, or check the experiment."""
    kept = [text for text in given if text.partition("=")[0] != "optimizer.lr"]
    if found.suggestion is None:
        return shlex.join(["trainlab", "check", *given])
    return shlex.join(["trainlab", "train", *kept, f"optimizer.lr={found.suggestion:g}"])
