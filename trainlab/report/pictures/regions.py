"""Decision regions: which class a network predicts at each point of two inputs."""

from collections.abc import Mapping

import numpy as np

from trainlab.core.types import Array
from trainlab.report.pictures._kit import altair
from trainlab.report.pictures.picture import Picture, Table
from trainlab.report.pictures.png import address, larger

_ACROSS, _SIDE, _POINTS = 3, 200, 240
_PALE = np.array([[205, 225, 240], [248, 219, 199], [200, 230, 220], [235, 212, 226], [230, 222, 190]], np.uint8)


def regions(
    name: str, title: str, maps: Mapping[str, Array], ends: tuple[float, float, float, float], x: Array, y: Array
) -> Picture:
    """One panel for each map: predicted classes (height, width), the first row at the bottom; with rows x (n, 2) and
    their classes y (n,) as points. ends: left, right, bottom and top of the maps.
    """
    alt = altair()
    left, right, bottom, top = ends
    axes = {"x": alt.Scale(domain=[left, right], nice=False), "y": alt.Scale(domain=[bottom, top], nice=False)}
    some = slice(None, None, max(1, len(x) // _POINTS))
    rows = [
        {"a": float(f"{a:.4g}"), "b": float(f"{b:.4g}"), "class": str(c)}
        for (a, b), c in zip(x[some].tolist(), y[some].tolist(), strict=True)
    ]
    panels: list[object] = []
    for label, found in maps.items():
        image = larger(_PALE[found[::-1] % len(_PALE)], max(1, 240 // len(found)))
        place = alt.Data(values=[{"url": address(image), "a": left, "b": top}])
        ground = alt.Chart(place).mark_image(width=_SIDE, height=_SIDE, align="left", baseline="top", aspect=False)
        across, up = alt.X("a:Q", title=None, scale=axes["x"]), alt.Y("b:Q", title=None, scale=axes["y"])
        color = alt.Color("class:N", title="class", legend=None)
        points = alt.Chart(alt.Data(values=rows)).mark_circle(size=16, opacity=0.9, stroke="white", strokeWidth=0.4)
        head = alt.TitleParams(label, fontSize=12, fontWeight="normal", anchor="start")
        both = (ground.encode(x=across, y=up, url="url:N"), points.encode(x=across, y=up, color=color))
        panels.append(alt.layer(*both, title=head).properties(width=_SIDE, height=_SIDE))
    share = {label: [float((found == c).mean()) for c in np.unique(y)] for label, found in maps.items()}
    table = Table(["panel", *(f"share of class {c}" for c in np.unique(y))], [[k, *v] for k, v in share.items()])
    text = "The pale color is the class that the network predicts there, the points are training rows."
    return Picture(name, title, alt.concat(*panels, columns=_ACROSS), text, table, wide=len(maps) > 1)
