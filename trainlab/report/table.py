"""Many runs as a table."""

from collections.abc import Iterable, Mapping, Sequence

from trainlab.report.findings import rank
from trainlab.report.grid import Column, fitting_titles, grid
from trainlab.report.rows import Row, main_test
from trainlab.report.text import clean, duration, moment, number, wrapped

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
_WIDE = 200  # columns, where there is no terminal
_SHORT_NAME, _SHORT_FINDINGS = 12, 20  # columns that a name and the findings keep when room is short


def render_table(
    rows: Sequence[Row],
    *,
    width: int | None = None,
    ascii_only: bool = False,
    color: bool = False,
    extra: Mapping[str, Sequence[str]] | None = None,
) -> list[str]:
    """The lines of the table; `width` None is as wide as it needs. `extra` columns (by title) stand before the last.

    Above the table stands the metric of `best` and `test` if all runs share it; below it the problems of unreadable
    runs, and the extra columns that do not fit.
    """
    columns = _columns(rows, extra or {})
    shown = fitting_titles(columns, width)
    caption = clean(_caption(rows, shown), ascii_only=ascii_only)
    lines = wrapped(caption, width or _WIDE) if caption else []
    lines += grid(columns, width=width, ascii_only=ascii_only, color=color)
    left_out = [title for title in extra or {} if title not in shown]
    if left_out:
        text = clean(f"no room for: {', '.join(left_out)} (--csv and --html show all)", ascii_only=ascii_only)
        lines += ["", *wrapped(text, width or _WIDE, hanging="  ")]
    problems = [clean(f"{row.name}: {row.problem}", ascii_only=ascii_only) for row in rows if row.problem]
    return [*lines, "", *problems] if problems else lines


def diagnoses(row: Row) -> str:
    """The codes of a row's findings with their severities, the worst first, each once."""
    found = {(str(f.get("code")), str(f.get("severity"))) for f in row.findings}
    ranked = sorted(found, key=lambda pair: (rank(pair[1]), pair[0]))
    return ", ".join(f"{code} ({severity})" for code, severity in ranked)


def _columns(rows: Sequence[Row], extra: Mapping[str, Sequence[str]]) -> list[Column]:
    """All columns. The findings are cut first; the name is cut before columns of rank 3 and less are dropped."""
    metric, test = _common(r.metric for r in rows), _common(main_test(r) for r in rows)
    codes = [diagnoses(r) for r in rows]
    tests = [(main_test(r), r.test.get(main_test(r))) for r in rows]
    states = [r.status for r in rows]
    return [
        # the end of a name is what differs between runs
        Column("name", [r.name for r in rows], right=False, shrinks=_SHORT_NAME, shrinks_at=3.5, keep_end=True),
        Column("when", [moment(r.started) if r.started else "" for r in rows], 8, right=False),
        Column("status", states, 1, right=False, styles=[_STATE_STYLES.get(state, "") for state in states]),
        Column("epochs", [_epochs(r) for r in rows], 6),
        Column("best", [_named(r.metric, r.best, metric) for r in rows], 2),
        Column("last", [number(r.last) for r in rows], 7),
        Column("test", [_named(name, value, test) for name, value in tests], 3),
        Column("time", ["" if r.seconds is None else duration(r.seconds) for r in rows], 9),
        *(Column(title, cells, 4, right=False) for title, cells in extra.items()),
        Column(
            "findings",
            codes,
            5,
            right=False,
            shrinks=_SHORT_FINDINGS,
            shrinks_at=10,
            styles=[next((style for severity, style in _SEVERITY_STYLES if f"({severity})" in c), "") for c in codes],
        ),
    ]


def _caption(rows: Sequence[Row], titles: Sequence[str]) -> str:
    """The metrics of the columns, where all rows have the same."""
    metric, test = _common(r.metric for r in rows), _common(main_test(r) for r in rows)
    parts = [f"{' and '.join(t for t in ('best', 'last') if t in titles)}: {metric}"] if metric else []
    return " | ".join([*(parts if "best" in titles else []), *([f"test: {test}"] if test and "test" in titles else [])])


def _common(names: Iterable[str]) -> str:
    """The one name that all rows with a name share, else empty."""
    different = {name for name in names if name}
    return different.pop() if len(different) == 1 else ""


def _named(name: str, value: float | None, common: str) -> str:
    """A value, with its name where not all have the same."""
    return number(value) if common or value is None else f"{name} {number(value)}"


def _epochs(row: Row) -> str:
    if row.epoch is None:
        return ""
    return str(row.epoch) if row.epochs in (None, row.epoch) else f"{row.epoch}/{row.epochs}"
