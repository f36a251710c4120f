"""The result of `trainlab check` as text: a table of layers, a line per check, the findings, what to type next."""

import shlex
from collections.abc import Sequence

from trainlab.cli import _terminal
from trainlab.cli._summary import findings, first_patch, patched
from trainlab.report.grid import Column, grid
from trainlab.report.text import counted, number, severity_color, styled, wrapped
from trainlab.tools.check import Checked, LayerRow


def as_text(
    checked: Checked, given: Sequence[str], *, width: int = 80, color: bool = False, command: str = "train"
) -> str:
    """The whole text; `given`: the config and overrides that were checked; `command`: what they are for."""
    train, val, test = checked.rows
    head = f"{checked.name}: {train} + {val} + {test} rows, {checked.task}, {checked.parameters} parameters"
    lines = [*wrapped(_terminal.shown(head), width), "", *table(checked.layers, width), ""]
    names = max((len(m.name) for m in checked.measured), default=0)
    hanging = " " * min(11 + names if width >= 60 else 2, width // 2)
    for m in checked.measured:
        first, *more = wrapped(_terminal.shown(f"{m.verdict:<7}  {m.name:<{names}}  {m.text}"), width, "", hanging)
        lines += [first.replace(m.verdict, styled(m.verdict, severity_color(m.verdict), color), 1), *more]
    lines += ["", *findings(checked.diagnoses, width, color=color)]
    if checked.skipped:
        lines += ["", *wrapped(f"not checked, as there is nothing to measure: {', '.join(checked.skipped)}", width)]
    lines += ["", f"{checked.worst()}: {counted(len(checked.measured), 'check')} in {checked.seconds:.1f} s"]
    return "\n".join([*lines, _terminal.shown(f"next: {following(checked, given, command)}")])


def table(layers: Sequence[LayerRow], width: int = 80) -> list[str]:
    """The layers as lines; a narrow terminal shows fewer columns."""
    columns = [
        Column("layer", [row.name for row in layers], right=False),
        Column("shape", [" x ".join(map(str, row.shape)) for row in layers], 2, right=False),
        Column("params", [str(row.params or "") for row in layers], 3),
        Column("mean", [_short(row.mean) for row in layers], 4),
        Column("std", [_short(row.std) for row in layers], 5),
        Column("dead", ["" if row.dead is None else f"{100 * row.dead:.0f} %" for row in layers], 6),
        Column("gradient", [_short(row.grad_norm) for row in layers], 1),
    ]
    return grid(columns, width=width)


def following(checked: Checked, given: Sequence[str], command: str) -> str:
    """The command to type next: the same check with the first suggested patch, or the training or sweep."""
    patch = first_patch(checked.diagnoses)
    if patch is None:
        return shlex.join(["trainlab", command, *given])
    return shlex.join(["trainlab", "check", *patched(given, patch)])


def _short(value: float | None) -> str:
    return number(None if value is None else float(f"{value:.3g}"))
