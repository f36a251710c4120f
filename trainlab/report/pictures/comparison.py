"""Named lines in colors over each other, with an axis that a run which blew up cannot stretch."""

import math
from collections.abc import Mapping, Sequence

from trainlab.report.pictures._kit import altair, axis_x, axis_y, is_log, values
from trainlab.report.pictures.numbers import readable
from trainlab.report.pictures.picture import Picture, Table
from trainlab.report.pictures.thinning import at_most
from trainlab.report.roof import roof

_HEIGHT, _POINTS = 280, 200

Line = tuple[Sequence[float], Sequence[float | None]]


def compared(
    name: str,
    title: str,
    lines: Mapping[str, Line],
    *,
    y: str,
    x: str = "epoch",
    log: bool | None = None,
    falls: bool = False,
    when: str = "at the end",
) -> Picture:
    """One line (x, y) for each name, labelled in a legend; log: of the y axis, by default where it suits the numbers.

    when: the moment of the lines' last values; values that are not finite end a line. falls: of a loss, values above
    ten times the usual start are drawn at the upper edge, and the sentence says so.
    """
    known = {label: _finite(line) for label, line in lines.items()}
    top = roof([ys for _, ys in known.values()]) if falls else math.inf
    cut = [label for label, (_, ys) in known.items() if any(v > top for v in ys)]
    drawn = {label: (xs, [min(v, top) for v in ys]) for label, (xs, ys) in known.items()}
    everything = [v for _, ys in drawn.values() for v in ys]
    logarithmic = is_log(everything) if log is None else log
    above = [v for v in everything if v > 0]
    rows = [
        {"x": a, "y": b, "line": label}
        for label, (xs, ys) in drawn.items()
        for a, b in (at_most(list(zip(xs, ys, strict=True)), _POINTS))
        if b > 0 or not logarithmic
    ]
    alt = altair()
    axis = axis_y(y, above if logarithmic else everything, log=logarithmic)
    color = alt.Color("line:N", title=None, sort=list(lines), legend=alt.Legend(orient="top", columns=3))
    tips = ["line:N", alt.Tooltip("x:Q", title=x, format=".4~g"), alt.Tooltip("y:Q", title=y, format=".4~g")]
    chart = alt.Chart(values(rows)).mark_line(strokeWidth=2, clip=True).encode(
        x=axis_x(title=x), y=axis("y"), color=color, tooltip=tips
    )  # fmt: skip
    ends = ", ".join(f"{label} {readable(ys[-1])}" for label, (_, ys) in known.items() if ys)
    text = f"{y.capitalize()} {when}: {ends}."
    text += f" Above {readable(top)} these leave the picture: {', '.join(cut)}." if cut else ""
    table = Table(["line", "first", "last", "lowest", "highest"], [_row(k, ys) for k, (_, ys) in known.items() if ys])
    return Picture(name, title, chart.properties(width="container", height=_HEIGHT), text, table, wide=len(lines) > 5)


def _finite(line: Line) -> tuple[list[float], list[float]]:
    """The line up to its first value that is not finite."""
    xs, ys = list[float](), list[float]()
    for a, b in zip(*line, strict=True):
        if b is None or not math.isfinite(b):
            break
        xs.append(float(a))
        ys.append(float(b))
    return xs, ys


def _row(label: str, ys: Sequence[float]) -> list[str | float]:
    return [label, ys[0], ys[-1], min(ys), max(ys)]
