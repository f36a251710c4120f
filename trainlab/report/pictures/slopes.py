"""Activation functions with their slopes."""

from collections.abc import Mapping, Sequence

import numpy as np

from trainlab.core.types import Array
from trainlab.report.pictures._kit import altair, values
from trainlab.report.pictures.numbers import readable
from trainlab.report.pictures.picture import Picture, Table

_ACROSS, _SIDE = 4, 140


def slopes(name: str, title: str, x: Array, curves: Mapping[str, tuple[Array, Array]]) -> Picture:
    """The value and the slope of each function over x, in one panel each; all panels have the same axes."""
    alt = altair()
    most = 3.0
    rows = [
        {"x": a, "y": b, "what": what, "function": label}
        for label, both in curves.items()
        for what, ys in zip(("value", "slope"), both, strict=True)
        for a, b in zip(x.tolist(), np.asarray(ys, np.float64).tolist(), strict=True)
        if -1.8 <= b <= most
    ]
    encoded = {
        "x": alt.X("x:Q", title=None, axis=alt.Axis(tickCount=4)),
        "y": alt.Y("y:Q", title=None, axis=alt.Axis(tickCount=4)),
        "color": alt.Color("what:N", title=None, sort=["value", "slope"], legend=alt.Legend(orient="top")),
        "strokeDash": alt.StrokeDash("what:N", title=None, sort=["value", "slope"], legend=None),
    }
    lines = alt.Chart(values(rows)).mark_line(strokeWidth=2).encode(**encoded).properties(width=_SIDE, height=_SIDE)
    facet = alt.Facet("function:N", title=None, sort=list(curves))
    table = Table(["function", "lowest value", "highest value", "largest slope", "slope at -4", "slope at 4"],
                  [_row(label, x, *both) for label, both in curves.items()])  # fmt: skip
    text = "Solid: the value, dashed: the slope, which multiplies the gradient on its way back. "
    text += "Largest slopes: " + ", ".join(f"{row[0]} {readable(float(row[3]))}" for row in table.rows) + "."
    return Picture(name, title, lines.facet(facet, columns=_ACROSS), text, table, wide=True)


def _row(label: str, x: Array, y: Array, slope: Array) -> Sequence[str | float]:
    at = [float(slope[int(np.abs(x - place).argmin())]) for place in (-4.0, 4.0)]
    return [label, float(y.min()), float(y.max()), float(slope.max()), *at]
