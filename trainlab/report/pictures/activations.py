"""How the outputs of each layer are distributed over time, from the histograms in layers.csv."""

import math
from itertools import pairwise
from typing import Any

import numpy as np

from trainlab.report.pictures._curves import last_epoch
from trainlab.report.pictures._histograms import Histogram, moments
from trainlab.report.pictures._kit import altair, axis_x, label_of, spans, values
from trainlab.report.pictures.numbers import readable, share
from trainlab.report.pictures.picture import Picture, Table
from trainlab.report.pictures.thinning import at_most
from trainlab.store.reading import RunRecord

_BINS, _MOMENTS, _LAYERS = 24, 40, 24


def pictures(record: RunRecord) -> list[Picture]:
    """A heat map a layer: a column a moment, a row a bin of outputs, darker where more outputs lie."""
    layers: dict[str, list[tuple[float, Histogram]]] = {}
    for epoch, found in moments(record).get("outputs", {}).items():
        for histogram in found:
            layers.setdefault(histogram.layer, []).append((epoch, histogram))
    last = last_epoch(record)
    return [_picture(layer, layers[layer], last) for layer in at_most(list(layers), _LAYERS)]


def _picture(layer: str, found: list[tuple[float, Histogram]], until: float) -> Picture:
    alt = altair()
    shown = at_most(found, _MOMENTS)
    edges = np.linspace(*_range([h for _, h in shown]), _BINS + 1).tolist()
    rows: list[dict[str, Any]] = [
        {"x": epoch, "from": start, "to": end, "low": low, "high": high, "share": part}
        for (epoch, h), (start, end) in zip(shown, spans([epoch for epoch, _ in shown]), strict=True)
        for part, (low, high) in zip(_shares(h, edges), pairwise(edges), strict=True)
        if part > 5e-4
    ]
    axis = alt.Axis(grid=False, tickCount=5, labelExpr=label_of(edges[0], edges[-1]))
    y = alt.Y("low:Q", title="output", scale=alt.Scale(domain=[edges[0], edges[-1]], nice=False), axis=axis)
    color = alt.Color("share:Q", legend=None, scale=alt.Scale(range="ramp", type="sqrt", domain=[0, 1]))
    tips = [
        alt.Tooltip("x:Q", title="epoch", format=".3~g"),
        alt.Tooltip("low:Q", title="from", format=".3~g"),
        alt.Tooltip("high:Q", title="to", format=".3~g"),
        alt.Tooltip("share:Q", title="share", format=".1%"),
    ]
    across = axis_x("from", domain=[0, max([until, *(row["to"] for row in rows)])])
    rect = alt.Chart(values(rows)).mark_rect(stroke=None)
    rect = rect.encode(
        x=across,
        x2=alt.X2("to:Q"),
        y=y,
        y2=alt.Y2("high:Q"),
        tooltip=tips,
    )
    chart = rect.encode(color=color).properties(width="container", height=130)
    (_, first), (_, last) = found[0], found[-1]
    text = f"The spread of the outputs of {layer} was {readable(first.std)}"
    text += f" at first and {readable(last.std)} at the end" if len(found) > 1 else ""
    text += f", around {readable(float(f'{last.mean:.2g}'))}{f', {last.note}' if last.note else ''}."
    parts = [[share(round(s, 4)) for s in _shares(h, edges)] for h in (first, last)]
    table = [[f"{readable(a)} to {readable(b)}", *both] for (a, b), *both in zip(pairwise(edges), *parts, strict=True)]
    titles = Table(["output", "first inspection", "last inspection"], table)
    return Picture(f"activations-{layer}", f"Outputs of {layer}", chart, text, titles, group="activations")


def _range(found: list[Histogram]) -> tuple[float, float]:
    """From the lowest to the highest end of all moments; no further than ten times the middle one, so that a layer that
    blew up for a moment leaves the picture instead of flattening the rest.
    """
    lows, highs = zip(*(h.range for h in found), strict=True)
    reach = 10 * float(np.median([b - a for a, b in zip(lows, highs, strict=True)])) or 1.0
    middle = float(np.median([(a + b) / 2 for a, b in zip(lows, highs, strict=True)]))
    low, high = max(min(lows), middle - reach), min(max(highs), middle + reach)
    return (low, high) if math.isfinite(high - low) and high > low else (low - 0.5, low + 0.5)


def _shares(h: Histogram, edges: list[float]) -> list[float]:
    """The shares in other bins, as if the numbers of a bin were evenly spread over it."""
    below = np.interp(edges, h.edges, np.concatenate([[0.0], np.cumsum(h.shares)]))
    return np.diff(below).tolist()
