"""Clouds of rows in two dimensions, before and after each step of their preparation."""

from collections.abc import Mapping

import numpy as np

from trainlab.core.types import Array
from trainlab.report.pictures._kit import altair
from trainlab.report.pictures.numbers import readable
from trainlab.report.pictures.picture import Picture, Table

_ACROSS, _SIDE, _POINTS = 3, 170, 250


def clouds(name: str, title: str, stages: Mapping[str, Array], names: tuple[str, str]) -> Picture:
    """Rows (n, 2) at each stage, in one panel each: with its own range, always with the point (0, 0) in it."""
    alt = altair()
    panels, rows = list[object](), list[list[str | float]]()
    for stage, found in stages.items():
        x = found[:: max(1, len(found) // _POINTS)].astype(np.float64)
        points = [{"a": float(f"{a:.4g}"), "b": float(f"{b:.4g}")} for a, b in x.tolist()]
        zero = alt.Chart(alt.Data(values=[{"a": 0, "b": 0}]))
        axes = [alt.Axis(tickCount=4, grid=False, title=title) for title in names]
        scale = alt.Scale(zero=True, nice=True)
        cloud = alt.Chart(alt.Data(values=points)).mark_point(style="point", size=14).encode(
            x=alt.X("a:Q", axis=axes[0], scale=scale), y=alt.Y("b:Q", axis=axes[1], scale=scale)
        )  # fmt: skip
        cross = [zero.mark_rule(style="chance").encode(x="a:Q"), zero.mark_rule(style="chance").encode(y="b:Q")]
        head = alt.TitleParams(stage, fontSize=12, fontWeight="normal", anchor="start")
        panels.append(alt.layer(*cross, cloud, title=head).properties(width=_SIDE, height=_SIDE))
        (va, both), (_, vb) = np.cov(found.astype(np.float64).T)
        means = found.mean(axis=0)
        rows.append([stage, float(means[0]), float(means[1]), float(va), float(vb), float(both)])
    titles = ["stage", "mean 1", "mean 2", "variance 1", "variance 2", "covariance"]
    text = f"{names[0]} across, {names[1]} up; dotted lines mark zero. Covariance: "
    text += ", ".join(f"{row[0]} {readable(float(row[5]))}" for row in rows) + "."
    return Picture(name, title, alt.concat(*panels, columns=_ACROSS), text, Table(titles, rows), wide=True)
