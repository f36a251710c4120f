"""The values of each layer as histograms side by side, each with a range of its own."""

from collections.abc import Mapping

import numpy as np

from trainlab.core.types import Array
from trainlab.report.pictures._kit import LABEL, altair
from trainlab.report.pictures.numbers import readable
from trainlab.report.pictures.picture import Picture, Table

_BINS, _ACROSS, _SIDE = 30, 5, 108


def histograms(name: str, title: str, layers: Mapping[str, Array]) -> Picture:
    """A histogram of the values of each layer, whatever their scale: the range is that of the values.

    A layer whose values are all (nearly) the same is one bar. Values that are not finite are left out.
    """
    alt = altair()
    panels, rows = list[object](), list[list[str | float]]()
    for layer, found in layers.items():
        known = found[np.isfinite(found)].astype(np.float64)
        if not known.size:
            continue
        low, high = float(known.min()), float(known.max())
        if high - low <= 1e-9 * max(1e-300, abs(high), abs(low)):
            low, high = low - 0.5 * (abs(low) or 1.0), high + 0.5 * (abs(high) or 1.0)
        counts, edges = np.histogram(known, _BINS, (low, high))
        shares = counts / known.size
        bars = [{"a": a, "b": b, "n": n} for a, b, n in zip(edges[:-1], edges[1:], shares, strict=True)]
        mean, std = float(known.mean()), float(known.std())
        axis = alt.Axis(title=None, tickCount=2, labelExpr=LABEL, grid=False, labelFlush=True)
        data = alt.Data(values=[{k: float(f"{v:.5g}") for k, v in bar.items()} for bar in bars])
        head = alt.TitleParams([layer, f"std {readable(std)}"], fontSize=11, fontWeight="normal", anchor="start")
        scale = alt.Scale(domain=[low, high], nice=False)
        panels.append(
            alt.Chart(data, title=head)
            .mark_bar(style="bar", binSpacing=0)
            .encode(x=alt.X("a:Q", axis=axis, scale=scale), x2="b:Q", y=alt.Y("n:Q", axis=None), y2=alt.Y2(datum=0))
            .properties(width=_SIDE, height=70)
        )
        rows.append([layer, mean, std, float(known.min()), float(known.max())])
    chart = alt.concat(*panels, columns=_ACROSS, spacing=14)
    spread = ", ".join(f"{row[0]} {readable(float(row[2]))}" for row in rows)
    text = f"Each panel has a range of its own. Standard deviations: {spread}."
    return Picture(name, title, chart, text, Table(["layer", "mean", "std", "lowest", "highest"], rows), wide=True)
