"""The numbers of each layer as histograms, one below the other: each with a range of its own, at one moment or several.

A layer whose outputs have a spread of 1e-10 shows its shape as well as one with a spread of 1; how far they differ
stands beside the layer's name. Where a layer's outputs come near a bound (-1 and 1 of tanh), the range reaches it.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from trainlab.report.pictures._histograms import Histogram
from trainlab.report.pictures._kit import altair, values
from trainlab.report.pictures.numbers import listing, readable
from trainlab.report.pictures.picture import Chart, Picture, Table, frame_param, in_frame

_ROW, _HEAD, _FOOT = 62, 15, 14  # pixels of a layer; of them above and below the bars
_STILL = 300  # width of each moment in a picture that does not move


def histograms(name: str, title: str, moments: Mapping[str, Sequence[Histogram]], *, what: str = "outputs") -> Picture:
    """The layers at each moment, by the moment's name; the first moment is shown first.

    A picture that cannot move shows the first and the last moment side by side.
    """
    labels = list(moments)
    rows = [row for i, label in enumerate(labels) for row in _rows(i, label, moments[label])]
    count = max(len(layers) for layers in moments.values())
    alone = len(labels) == 1
    chart = _chart(rows, count, moving=not alone).properties(width="container")
    if not alone:
        chart = chart.add_params(frame_param(len(labels), 0))

    def still() -> Chart:
        sides = [[row for row in rows if row["frame"] == i] for i in (0, len(labels) - 1)]
        charts = [_chart(side, count).properties(width=_STILL) for side in sides]
        return altair().hconcat(*charts, spacing=30)

    first, last = moments[labels[0]], moments[labels[-1]]
    spread = listing([f"{h.layer} {readable(h.std)}" for h in first], 8)
    text = f"Each layer has a range of its own: its ends stand below the bars. Spread of the {what}"
    text += f" {labels[0]}: {spread}." if alone or labels[0].startswith("before") else f" at {labels[0]}: {spread}."
    if not alone:
        text += f" At the end: {listing([f'{h.layer} {readable(h.std)}' for h in last], 8)}."
    if any(row["kind"] == "cut" for row in rows):
        text += " A bar with its share beside it is higher than drawn."
    titles = ["moment", "layer", "mean", "std", "lowest", "highest", "note"]
    table = [
        [label, h.layer, h.mean, h.std, h.edges[0], h.edges[-1], h.note]
        for label in dict.fromkeys([labels[0], labels[-1]])
        for h in moments[label]
    ]
    frames = () if alone else tuple(labels)
    return Picture(name, title, chart, text, Table(titles, table), frames=frames, still=None if alone else still)


def _rows(frame: int, label: str, layers: Sequence[Histogram]) -> list[dict[str, Any]]:
    """Bars, names and ends of the ranges, in the plane of the picture: x from 0 to 1, y in pixels."""
    rows: list[dict[str, Any]] = [{"frame": frame, "kind": "moment", "x": 1.0, "y": -4, "text": label}]
    for i, h in enumerate(layers):
        low, high = h.range
        wide = high - low or 1.0
        base, most = (i + 1) * _ROW - _FOOT, _highest(h.shares)
        room = _ROW - _HEAD - _FOOT
        rows += [
            {
                "frame": frame,
                "kind": "bar",
                "x": (a - low) / wide,
                "to": (b - low) / wide,
                "y": base - room * min(1.0, share / most),
                "base": base,
                "layer": h.layer,
                "share": share,
                "from": a,
                "until": b,
            }
            for share, (a, b) in zip(h.shares, pairwise(h.edges), strict=True)
            if share > 0
        ]
        rows += [
            {
                "frame": frame,
                "kind": "cut",
                "x": (b - low) / wide,
                "y": base - room,
                "text": f"{readable(100 * part)} %",
            }
            for part, b in zip(h.shares, h.edges[1:], strict=True)
            if part > most
        ]
        rows += [{"frame": frame, "kind": "line", "x": 0.0, "to": 1.0, "y": base}]
        rows += [{"frame": frame, "kind": "name", "x": 0.0, "y": i * _ROW + _HEAD - 3, "text": h.title}]
        rows += [{"frame": frame, "kind": "low", "x": 0.0, "y": base + 2, "text": readable(low)}]
        rows += [{"frame": frame, "kind": "high", "x": 1.0, "y": base + 2, "text": readable(high)}]
        if low < 0 < high:
            rows += [
                {"frame": frame, "kind": "zero", "x": -low / wide, "y": base - room, "base": base + 3, "text": "0"}
            ]
    return rows


def _highest(shares: Sequence[float]) -> float:
    """The share at the top of the bars. A bar far above all others, as the zeros of relu, is cut off and has its number
    beside it: the shape of the rest would be lost.
    """
    first, second = sorted(shares)[::-1][:2] if len(shares) > 1 else (max(shares), max(shares))
    return first if first <= 3 * second or not second else 2 * second


def _chart(rows: list[dict[str, Any]], count: int, *, moving: bool = False) -> Chart:
    alt = altair()
    height = count * _ROW
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, 1], nice=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[height, 0], nice=False))
    base = alt.Chart(values(rows))
    base = in_frame(base) if moving else base

    def of(kind: str) -> Any:
        return base.transform_filter(f"datum.kind === '{kind}'")

    tips = [
        alt.Tooltip("layer:N"),
        alt.Tooltip("from:Q", format=".3~g"),
        alt.Tooltip("until:Q", title="to", format=".3~g"),
        alt.Tooltip("share:Q", format=".1%"),
    ]
    bars = of("bar").mark_rect(style="bar", strokeWidth=0.3).encode(x=x, x2="to:Q", y=y, y2="base:Q", tooltip=tips)
    texts = {"name": ("label", "left", "bottom"), "moment": ("train-label", "right", "bottom")}
    texts |= {"cut": ("quiet", "left", "top"), "low": ("quiet", "left", "top"), "high": ("quiet", "right", "top")}
    written = [
        of(kind).mark_text(style=style, align=align, baseline=baseline, dx=3 * (kind == "cut"))
        for kind, (style, align, baseline) in texts.items()
    ]
    ground = of("line").mark_rule(style="faint").encode(x=x, x2="to:Q", y=y)
    zero = of("zero").mark_rule(style="chance").encode(x=x, y=y, y2="base:Q")
    return alt.layer(ground, bars, zero, *(text.encode(x=x, y=y, text="text:N") for text in written)).properties(
        height=height
    )
