"""The share of dead units (relu) and of saturated outputs (sigmoid, tanh): layer by layer over time."""

from typing import Any

from trainlab.report.pictures._curves import last_epoch
from trainlab.report.pictures._kit import altair, axis_x, spans, values
from trainlab.report.pictures._layers import measured, table
from trainlab.report.pictures.numbers import share
from trainlab.report.pictures.picture import Picture
from trainlab.report.pictures.thinning import at_most
from trainlab.store.reading import RunRecord

_SAID = {
    "dead": ("Dead units", "units that were zero for every measured row"),
    "saturated": ("Saturated outputs", "outputs in a flat end of the activation"),
}


def pictures(record: RunRecord) -> list[Picture]:
    """A heat map each: a row a layer, a column a moment."""
    return [made for quantity in _SAID for made in _picture(record, quantity)]


def _picture(record: RunRecord, quantity: str) -> list[Picture]:
    found = measured(record).get(quantity, {})
    if not found:
        return []
    alt = altair()
    rows: list[dict[str, Any]] = []
    for layer, (xs, ys) in found.items():
        shown: list[int] = at_most(range(len(xs)), 60)
        rows += [
            {"x": xs[i], "from": start, "to": end, "layer": layer, "share": ys[i]}
            for i, (start, end) in zip(shown, spans([xs[i] for i in shown]), strict=True)
        ]
    color = alt.Color(
        "share:Q",
        title="share",
        scale=alt.Scale(range="heatmap", domain=[0, 1]),
        legend=alt.Legend(format="%", gradientLength=120, gradientThickness=8, direction="horizontal"),
    )
    y = alt.Y("layer:N", sort=list(found), title=None, axis=alt.Axis(grid=False, ticks=False, domain=False))
    tips = [
        alt.Tooltip("layer:N"),
        alt.Tooltip("x:Q", title="epoch", format=".3~g"),
        alt.Tooltip("share:Q", format=".1%"),
    ]
    across = axis_x("from", domain=[0, last_epoch(record, [row["to"] for row in rows])])
    rect = alt.Chart(values(rows)).mark_rect(stroke=None)
    rect = rect.encode(
        x=across,
        x2=alt.X2("to:Q"),
        y=y,
        color=color,
        tooltip=tips,
    )
    chart = rect.properties(width="container", height=max(90, 26 * len(found)))
    title, what = _SAID[quantity]
    worst = max(found, key=lambda layer: found[layer][1][-1])
    text = f"At the end {worst} has the largest share of {what}: {share(found[worst][1][-1])}."
    if not any(v > 0.005 for _, ys in found.values() for v in ys):
        text = f"No layer ever had a share of {what} worth naming."
    return [Picture(f"{quantity}-share", title, chart, text, table(found))]
