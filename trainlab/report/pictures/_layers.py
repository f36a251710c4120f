"""What was measured in each layer over time, and lines of it: one a layer, named at its end, early layers first."""

import json
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from trainlab.report.pictures._curves import in_epochs, known, last_epoch
from trainlab.report.pictures._kit import ToAxis, altair, axis_x, axis_y, layered, placed, values
from trainlab.report.pictures.numbers import listing, readable
from trainlab.report.pictures.picture import Chart, Table
from trainlab.report.pictures.thinning import at_most, band
from trainlab.store.reading import RunRecord

Series = dict[str, tuple[list[float], list[float]]]  # by layer: epochs and values
Measured = dict[str, Series]  # by quantity
_HEIGHT, _POINTS = 260, 120
_NAMED = 9  # more lines than colors: the shade shows the depth, from dark to light


@lru_cache(maxsize=2)
def measured(record: RunRecord) -> Measured:
    """layers.csv by quantity and layer; what is not finite is left out."""
    columns = record.layers
    made: Measured = {}
    names = ("step", "layer", "quantity", "value")
    if any(name not in columns for name in names):
        return made
    steps = in_epochs(record, columns["step"])
    grouped: dict[tuple[Any, Any], tuple[list[float], list[Any]]] = {}
    keys = zip(columns["quantity"], columns["layer"], strict=True)
    for key, epoch, value in zip(keys, steps, columns["value"], strict=True):
        if (series := grouped.get(key)) is None:
            series = grouped[key] = [], []
        series[0].append(epoch)
        series[1].append(value)
    for (quantity, layer), (xs, ys) in grouped.items():
        if points := known(xs, ys):
            made.setdefault(str(quantity), {})[str(layer)] = [x for x, _ in points], [y for _, y in points]
    return made


def above_zero(found: Series) -> Series:
    """The layers that have a value above zero: the others have no place on a logarithmic axis."""
    return {name: series for name, series in found.items() if any(v > 0 for v in series[1])}


def lines(
    record: RunRecord, found: Series, title: str, *, under: Sequence[Chart] = (), also: Sequence[float] = ()
) -> Chart:
    """A line a layer on a logarithmic axis over the whole run, thinned, over the charts `under`.

    also: heights of these charts, which the axis reaches, too.

    A value far beyond the middle half of all is drawn at the edge: the step of a schedule that ends at 0 would else
    press everything else together.
    """
    alt = altair()
    bottom, top = _limits(found)
    rows: list[dict[str, Any]] = [
        {"x": x, "y": min(max(y, bottom), top), "layer": layer, "depth": depth}
        for depth, (layer, (xs, ys)) in enumerate(found.items())
        for thin in [band(xs, ys, _POINTS, width=1)]
        for x, y in zip(thin["x"], thin["smooth"], strict=True)
        if y > 0
    ]
    heights = [*also, *(row["y"] for row in rows)]
    axis = axis_y(title, heights, log=True)
    color = (
        alt.Color("layer:N", sort=list(found), legend=None)
        if len(found) <= _NAMED
        else alt.Color(
            "depth:Q",
            title="layer, from the first to the last",
            scale=alt.Scale(range="ordinal", domain=[0, len(found) - 1]),
            legend=alt.Legend(
                values=[0, len(found) - 1], labelExpr=_ends(found), gradientLength=140, gradientThickness=8
            ),
        )
    )
    tips = [
        alt.Tooltip("layer:N"),
        alt.Tooltip("x:Q", title="epoch", format=".2f"),
        alt.Tooltip("y:Q", title=title, format=".3~g"),
    ]
    across = axis_x(domain=[0, last_epoch(record, [x for xs, _ in found.values() for x in xs])])
    base = alt.Chart(values(rows)).encode(x=across, y=axis("y"), detail=alt.Detail("layer:N"), color=color)
    moments = len({row["x"] for row in rows})
    dots = base.mark_circle(opacity=0 if moments > 1 else 1, size=70).encode(tooltip=tips)
    names = _names(rows, found, axis, color, heights)
    return layered(*under, base.mark_line(strokeWidth=1.8), dots, *names, height=_HEIGHT)


def _limits(found: Series) -> tuple[float, float]:
    """A thirtieth of the lower and a hundred times the upper quartile of what is above zero."""
    above = [v for _, ys in found.values() for v in ys if v > 0]
    low, high = np.quantile(above, [0.25, 0.75]).tolist()
    return low / 30, high * 100


def left(found: Series) -> str:
    """A sentence about layers that leave the picture of `lines`."""
    bottom, top = _limits(found)
    low = [layer for layer, (_, ys) in found.items() if any(0 < v < bottom for v in ys)]
    high = [layer for layer, (_, ys) in found.items() if any(v > top for v in ys)]
    told = f" Below {readable(bottom)} these leave the picture: {listing(low)}." if low else ""
    return told + (f" Above {readable(top)} these leave it: {listing(high)}." if high else "")


def _ends(found: Series) -> str:
    """An expression that names the first and the last layer in a legend."""
    names = list(found)
    return f"datum.value < 0.5 ? {json.dumps(names[0])} : {json.dumps(names[-1])}"


def _names(
    rows: list[dict[str, Any]], found: Series, axis: ToAxis, color: Any, heights: Sequence[float]
) -> list[Chart]:
    """Each line's name at its end, moved apart where they would meet."""
    alt = altair()
    last = {str(row["layer"]): row for row in rows}
    shown = list(found) if len(found) <= _NAMED else [*list(found)[:1], *list(found)[-1:]]
    span = [("", min(heights)), ("", max(heights))]
    moved = placed([*((name, last[name]["y"]) for name in shown if name in last), *span], _HEIGHT, log=True)
    made: list[Chart] = []
    for name in (n for n in shown if n in last):
        mark = alt.Chart(values([last[name]])).mark_text(align="left", dx=5, dy=moved.get(name, 0.0), limit=110)
        made.append(mark.encode(x=alt.X("x:Q"), y=axis("y"), text=alt.Text("layer:N"), color=color))
    return made


def table(found: Series, count: int = 12) -> Table:
    """A row a layer, with its values at some moments."""
    moments = at_most(next(iter(found.values()))[0], count)
    rows = [[layer, *(ys[_nearest(xs, at)] for at in moments)] for layer, (xs, ys) in found.items()]
    return Table(["layer", *(f"epoch {at:.3g}" for at in moments)], rows)


def _nearest(xs: Sequence[float], at: float) -> int:
    """The place of the moment that is nearest; they ascend."""
    after = bisect_left(xs, at)
    return min(range(max(0, after - 1), min(len(xs), after + 1)), key=lambda i: abs(xs[i] - at))
