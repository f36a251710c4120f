"""What `trainlab check` found, in words: a table of layers, a line a measurement, the findings, what to type next."""

import shlex
from collections.abc import Sequence
from textwrap import wrap

from trainlab.cli import _terminal
from trainlab.cli._summary import arguments, counted, findings, worst_first
from trainlab.report.text import fit, number, styled, width_of
from trainlab.tools.check import Checked, LayerRow

_COLORS = {"ok": "green", "info": "blue", "warning": "yellow", "error": "red"}
_HEAD = ("layer", "shape", "params", "mean", "std", "dead", "gradient")


def as_text(checked: Checked, given: Sequence[str], *, width: int = 80, color: bool = False) -> str:
    """All that is said of a check; `given`: the config and overrides that were checked."""
    train, val, test = checked.rows
    head = f"{checked.name}: {train} + {val} + {test} rows, {checked.task}, {checked.parameters} parameters"
    lines = [*_wrapped(head, width), "", *table(checked.layers, width), ""]
    names = max((len(m.name) for m in checked.measured), default=0)
    for m in checked.measured:
        told = _wrapped(f"{m.verdict:<7}  {m.name:<{names}}  {m.text}", width, 11 + names if width >= 60 else 2)
        lines += [told[0].replace(m.verdict, styled(m.verdict, _COLORS[m.verdict], color), 1), *told[1:]]
    lines += ["", *(line for text in findings(checked.diagnoses) for line in _wrapped(text, width, 2))]
    if checked.skipped:
        lines += [
            "",
            *_wrapped(f"not looked for, as there was nothing to measure: {', '.join(checked.skipped)}", width, 2),
        ]
    looked = len(checked.asked) - len(checked.skipped)
    lines += ["", f"{checked.worst()}: {counted(looked, 'check')} in {checked.seconds:.1f} s"]
    return "\n".join([*lines, _terminal.shown(f"next: {following(checked, given)}")])


def table(layers: Sequence[LayerRow], width: int = 80) -> list[str]:
    """The layers as lines; on a narrow terminal without the columns that find no room, the last but one first."""
    cells = [_HEAD, *map(_cells, layers)]
    shown = list(range(len(_HEAD)))
    while len(shown) > 2 and sum(_width(cells, i) + 2 for i in shown) - 2 > width:
        del shown[-2]
    lines: list[str] = []
    for row in cells:
        texts = [fit(row[i], _width(cells, i), right=i > 1) for i in shown]
        lines.append(fit("  ".join(texts), width).rstrip())
    return lines


def following(checked: Checked, given: Sequence[str]) -> str:
    """The command that makes sense next: the same check with the first cure, or the training."""
    told = worst_first([d for d in checked.diagnoses if d.severity != "info"])
    cure = next((d.patches[0] for d in told if d.patches), None)
    if cure is None:
        return shlex.join(["trainlab", "train", *given])
    kept = [text for text in given if text.partition("=")[0] not in cure]
    return shlex.join(["trainlab", "check", *kept, *arguments(cure)])


def _cells(row: LayerRow) -> tuple[str, ...]:
    shape = " x ".join(map(str, row.shape))
    dead = "" if row.dead is None else f"{100 * row.dead:.0f} %"
    mean, std, gradient = (number(v if v is None else float(f"{v:.3g}")) for v in (row.mean, row.std, row.grad_norm))
    return _terminal.shown(row.name), shape, str(row.params or ""), mean, std, dead, gradient


def _width(cells: Sequence[Sequence[str]], column: int) -> int:
    return max(width_of(row[column]) for row in cells)


def _wrapped(text: str, width: int, indent: int = 0) -> list[str]:
    """The text in lines; those after the first are indented, by more than the first is."""
    own = len(text) - len(text.lstrip())
    behind = " " * min(own + indent, width // 2)
    lines = wrap(
        _terminal.shown(text.strip()),
        max(width, 12),
        initial_indent=" " * own,
        subsequent_indent=behind,
        break_on_hyphens=False,
    )
    return lines or [""]
