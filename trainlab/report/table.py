"""Many runs as a table that fits its terminal: columns are dropped, in a fixed order, until it does."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from trainlab.report.rows import Row, main_test
from trainlab.report.text import clean, duration, fit, moment, number, styled, width_of

_STATE_STYLES = {
    "finished": "green",
    "running": "blue",
    "interrupted": "yellow",
    "diverged": "red",
    "failed": "red",
    "killed": "red",
    "half-written": "red",
    "unreadable": "red",
}
_SEVERITY_STYLES = (("error", "red"), ("warning", "yellow"))
_GAP = "  "
_WIDE = 200  # columns, where there is no terminal
_EXTRA = 4  # the rank of extra columns
_SHORT_NAME, _SHORT_DIAGNOSES = 12, 20  # columns that a name and the diagnoses keep when room is short


@dataclass(frozen=True)
class Column:
    """One column: its cells, and when it goes (the largest `rank` first; rank 0 stays)."""

    title: str
    cells: tuple[str, ...]
    rank: int
    right: bool = False
    keep_end: bool = False  # of cells that are cut
    styles: tuple[str, ...] = ()
    cut: int | None = None  # its width, where that is less than its cells need

    @property
    def width(self) -> int:
        """How wide it is shown."""
        return self.needed if self.cut is None else min(self.needed, self.cut)

    @cached_property
    def needed(self) -> int:
        """How wide its widest cell is."""
        return max(map(width_of, (self.title, *self.cells)))


def render_table(
    rows: Sequence[Row],
    *,
    width: int | None = None,
    ascii_only: bool = False,
    color: bool = False,
    extra: Mapping[str, Sequence[str]] | None = None,
) -> list[str]:
    """The lines of the table; `width` None is as wide as it needs. `extra` columns (by title) stand before the last.

    Above it stands what `best` and `test` are of, where that is the same for all; below it what could not be read of
    a run, and the extra columns that found no room.
    """
    columns = _columns(rows, extra or {}, ascii_only)
    shown = _fitting(columns, width)
    titles = {c.title for c in shown}
    caption = fit(_caption(rows, titles, ascii_only), width or _WIDE, ascii_only=ascii_only).rstrip()
    lines = [caption] if caption else []
    lines += [_line(shown, i, ascii_only, color) for i in range(-1, len(rows))]
    left_out = [c.title for c in columns if c.title not in titles and c.rank == _EXTRA]
    if left_out:
        lines += ["", f"no room for: {', '.join(left_out)}"]
    problems = [clean(f"{row.name}: {row.problem}", ascii_only=ascii_only) for row in rows if row.problem]
    return [*lines, "", *problems] if problems else lines


def diagnoses(row: Row) -> str:
    """The codes of a row's findings with their severities, the worst first, each once."""
    order = ["error", "warning", "info"]
    said = {(str(f.get("code")), str(f.get("severity"))) for f in row.findings}
    ranked = sorted(said, key=lambda s: (order.index(s[1]) if s[1] in order else 3, s[0]))
    return ", ".join(f"{code} ({severity})" for code, severity in ranked)


def _columns(rows: Sequence[Row], extra: Mapping[str, Sequence[str]], ascii_only: bool) -> list[Column]:
    one, one_test = _common(r.metric for r in rows), _common(main_test(r) for r in rows)
    said = [diagnoses(r) for r in rows]
    tests = [(main_test(r), r.test.get(main_test(r))) for r in rows]
    made = [
        Column("name", _texts([r.name for r in rows], ascii_only), 0, keep_end=True),  # it tells names apart
        Column("when", tuple(moment(r.started) if r.started else "" for r in rows), 8),
        Column("status", tuple(r.status for r in rows), 1, styles=tuple(_STATE_STYLES.get(r.status, "") for r in rows)),
        Column("epochs", tuple(map(_epochs, rows)), 6, right=True),
        Column("best", _texts([_named(r.metric, r.best, one) for r in rows], ascii_only), 2, right=True),
        Column("last", _texts([number(r.last) for r in rows], ascii_only), 7, right=True),
        Column("test", _texts([_named(name, value, one_test) for name, value in tests], ascii_only), 3, right=True),
        Column("time", tuple("" if r.seconds is None else duration(r.seconds) for r in rows), 9, right=True),
        *(
            Column(clean(title, ascii_only=ascii_only), _texts(cells, ascii_only), _EXTRA)
            for title, cells in extra.items()
        ),
        Column("diagnoses", _texts(said, ascii_only), 5, styles=tuple(map(_severity_style, said))),
    ]
    return [c for c in made if c.title in ("name", "status") or any(c.cells)]


def _fitting(columns: list[Column], width: int | None) -> list[Column]:
    """The columns that fit: first the diagnoses are cut, then columns go by rank, at last the name is cut."""
    if width is None or _total(columns) <= width:
        return columns
    shown = [replace(c, cut=_SHORT_DIAGNOSES) if c.title == "diagnoses" else c for c in columns]
    while _total(shown) > width and (rank := max(c.rank for c in shown)) > 0:
        if rank < 4 and shown[0].cut is None:
            shown[0] = replace(shown[0], cut=max(_SHORT_NAME, shown[0].width - (_total(shown) - width)))
            continue
        last = max(i for i, c in enumerate(shown) if c.rank == rank)
        del shown[last]
    room = width - _total(shown)
    if shown[-1].title == "diagnoses":
        shown[-1] = replace(shown[-1], cut=_SHORT_DIAGNOSES + room)
    elif shown[0].width > width:
        shown[0] = replace(shown[0], cut=max(width, 1))
    elif shown[0].cut is not None:
        shown[0] = replace(shown[0], cut=shown[0].cut + room)
    return shown


def _total(columns: list[Column]) -> int:
    return sum(c.width for c in columns) + len(_GAP) * (len(columns) - 1)


def _line(columns: list[Column], row: int, ascii_only: bool, color: bool) -> str:
    """One line of the table; row -1 is the header."""
    cells: list[str] = []
    for column in columns:
        text = column.title if row < 0 else column.cells[row]
        keep_end = column.keep_end and row >= 0
        cell = fit(text, column.width, right=column.right, ascii_only=ascii_only, keep_end=keep_end)
        style = "bold" if row < 0 else column.styles[row] if column.styles else ""
        cells.append(cell.replace(cell.strip(), styled(cell.strip(), style, color)) if cell.strip() else cell)
    return _GAP.join(cells).rstrip()


def _caption(rows: Sequence[Row], titles: set[str], ascii_only: bool) -> str:
    """What the columns hold, where it is the same in all rows."""
    one, one_test = _common(r.metric for r in rows), _common(main_test(r) for r in rows)
    told = [f"{' and '.join(t for t in ('best', 'last') if t in titles)}: {one}"] if one and "best" in titles else []
    told += [f"test: {one_test}"] if one_test and "test" in titles else []
    return clean(" | ".join(told), ascii_only=ascii_only)


def _common(names: Iterable[str]) -> str:
    """The one name that all who have one share, else nothing."""
    different = {name for name in names if name}
    return different.pop() if len(different) == 1 else ""


def _named(name: str, value: float | None, common: str) -> str:
    """A value, with its name where not all have the same."""
    return number(value) if common or value is None else f"{name} {number(value)}"


def _texts(cells: Sequence[str], ascii_only: bool) -> tuple[str, ...]:
    return tuple(clean(cell, ascii_only=ascii_only) for cell in cells)


def _epochs(row: Row) -> str:
    if row.epoch is None:
        return ""
    return str(row.epoch) if row.epochs in (None, row.epoch) else f"{row.epoch}/{row.epochs}"


def _severity_style(said: str) -> str:
    return next((style for severity, style in _SEVERITY_STYLES if f"({severity})" in said), "")
