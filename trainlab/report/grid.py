"""Columns of text side by side that fit a width: those of the highest rank go first, at last the first one is cut."""

from collections.abc import Sequence
from dataclasses import dataclass

from trainlab.report.text import clean, fit, styled, width_of

_GAP = "  "


@dataclass(frozen=True, slots=True)
class Cells:
    """One column: its title, its cells, and when it goes (the largest `rank` first; rank 0 stays)."""

    title: str
    cells: Sequence[str]
    rank: int = 0
    right: bool = True


def grid(columns: Sequence[Cells], *, width: int | None, ascii_only: bool = False, color: bool = False) -> list[str]:
    """The lines of a table with a header; a column without anything in it is left out.

    >>> grid([Cells("layer", ["relu1", "fc"], right=False), Cells("dead", ["3 %", ""], 1)], width=40)
    ['layer  dead', 'relu1   3 %', 'fc']
    """
    shown = [(c, _texts(c, ascii_only)) for c in columns if c.rank == 0 or any(c.cells)]
    widths = [max(map(width_of, texts)) for _, texts in shown]
    while width is not None and sum(widths) + len(_GAP) * (len(widths) - 1) > width:
        worst = max(c.rank for c, _ in shown)
        last = max(i for i, (c, _) in enumerate(shown) if c.rank == worst)
        if worst == 0:
            break
        del shown[last], widths[last]
    if width is not None and shown:
        others = sum(widths[1:]) + len(_GAP) * (len(widths) - 1)
        widths[0] = max(min(widths[0], width - others), 1)
    lines = [
        _GAP.join(
            fit(texts[i], size, right=c.right, ascii_only=ascii_only)
            for (c, texts), size in zip(shown, widths, strict=True)
        ).rstrip()
        for i in range(len(shown[0][1]) if shown else 0)
    ]
    return [styled(line, "bold", color) if i == 0 else line for i, line in enumerate(lines)]


def _texts(column: Cells, ascii_only: bool) -> list[str]:
    return [clean(text, ascii_only=ascii_only) for text in (column.title, *column.cells)]
