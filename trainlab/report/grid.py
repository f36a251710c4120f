"""A table on a terminal that fits its width: columns are shortened or dropped in a fixed order until it does.

rich.table can neither drop a column nor cut a text at its beginning, and it takes 40 ms to import.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from trainlab.report.text import clean, fit, styled, width_of

_GAP = "  "


@dataclass(frozen=True, slots=True)
class Column:
    """A column and how it gives way: of all columns, the one with the largest rank is dropped first; rank 0 stays.

    shrinks: the width to which the column can be cut · shrinks_at: the rank at which that happens · keep_end: cut the
    cells at their beginning · styles: a style per cell.
    """

    title: str
    cells: Sequence[str]
    rank: int = 0
    right: bool = True
    shrinks: int | None = None
    shrinks_at: float = 0.0
    keep_end: bool = False
    styles: Sequence[str] = ()


def grid(
    columns: Sequence[Column], *, width: int | None = None, ascii_only: bool = False, color: bool = False
) -> list[str]:
    """The lines of a table with a header, as wide as it needs where `width` is None. Empty columns are left out.

    >>> grid([Column("layer", ["relu1", "fc"], right=False), Column("dead", ["3 %", ""], 1)], width=40)
    ['layer  dead', 'relu1   3 %', 'fc']
    """
    shown = [(c, _texts(c, ascii_only)) for c in columns if c.rank == 0 or any(c.cells)]
    needed = [max(map(width_of, texts)) for _, texts in shown]
    widths = _fitted([c for c, _ in shown], needed, width)
    lines: list[str] = []
    for row in range(len(shown[0][1]) if shown else 0):
        cells = [
            _cell(column, texts[row], row, size, ascii_only, color)
            for (column, texts), size in zip(shown, widths, strict=True)
            if size is not None
        ]
        lines.append(_GAP.join(cells).rstrip())
    return lines


def fitting_titles(columns: Sequence[Column], width: int | None) -> list[str]:
    """The titles of the columns that fit this width."""
    shown = [c for c in columns if c.rank == 0 or any(c.cells)]
    widths = _fitted(shown, [max(map(width_of, (c.title, *c.cells))) for c in shown], width)
    return [c.title for c, size in zip(shown, widths, strict=True) if size is not None]


def _fitted(columns: Sequence[Column], needed: Sequence[int], width: int | None) -> list[int | None]:
    """The width of each column, None for one that is dropped."""
    widths: list[int | None] = list(needed)
    if width is None:
        return widths

    def room() -> int:
        shown = [size for size in widths if size is not None]
        return width - sum(shown) - len(_GAP) * (len(shown) - 1)

    steps = [(float(c.rank), i, 0) for i, c in enumerate(columns) if c.rank]
    steps += [(c.shrinks_at, i, min(c.shrinks, needed[i])) for i, c in enumerate(columns) if c.shrinks is not None]
    for _, i, size in sorted(steps, key=lambda step: (step[0], step[1]), reverse=True):
        if room() >= 0:
            break
        if widths[i] is not None:
            widths[i] = size or None
    for i, size in enumerate(widths):  # what is left over goes to the columns that were shortened
        if size is not None:
            widths[i] = min(needed[i], size + max(room(), 0))
    if widths and widths[0] is not None:  # at last the first column is cut
        widths[0] = max(1, widths[0] + min(room(), 0))
    return widths


def _cell(column: Column, text: str, row: int, size: int, ascii_only: bool, color: bool) -> str:
    cell = fit(text, size, right=column.right, ascii_only=ascii_only, keep_end=column.keep_end and row > 0)
    style = "bold" if row == 0 else column.styles[row - 1] if column.styles else ""
    bare = cell.strip()
    return cell.replace(bare, styled(bare, style, color)) if bare else cell


def _texts(column: Column, ascii_only: bool) -> list[str]:
    return [clean(text, ascii_only=ascii_only) for text in (column.title, *column.cells)]
