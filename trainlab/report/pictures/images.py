"""Named arrays of two dimensions as images: a mean image, covariances, filters."""

from collections.abc import Mapping

import numpy as np

from trainlab.core.types import Array
from trainlab.report.pictures._kit import altair
from trainlab.report.pictures.picture import Picture, Table
from trainlab.report.pictures.png import address, larger

_SIDE, _ACROSS = 132, 5


def images(name: str, title: str, arrays: Mapping[str, Array], sentence: str, *, signed: bool = False) -> Picture:
    """Each array (height, width) as an image with a range of its own, from black to white; signed: zero is gray, orange
    above and blue below.
    """
    alt = altair()
    panels, rows = list[object](), list[list[str | float]]()
    for label, found in arrays.items():
        a = found.astype(np.float64)
        image = larger(_signed(a) if signed else _gray(a), max(1, _SIDE // max(a.shape)))
        height = round(_SIDE * a.shape[0] / a.shape[1])
        none = alt.Scale(domain=[0, 1])
        place = alt.Data(values=[{"url": address(image), "a": 0, "b": 1}])
        head = alt.TitleParams(label, fontSize=11, fontWeight="normal", anchor="start")
        panels.append(
            alt.Chart(place, title=head)
            .mark_image(width=_SIDE, height=height, align="left", baseline="top", aspect=False)
            .encode(x=alt.X("a:Q", axis=None, scale=none), y=alt.Y("b:Q", axis=None, scale=none), url="url:N")
            .properties(width=_SIDE, height=height)
        )
        rows.append([label, float(a.min()), float(a.max()), float(a.mean())])
    chart = alt.concat(*panels, columns=_ACROSS, spacing=12)
    return Picture(name, title, chart, sentence, Table(["image", "lowest", "highest", "mean"], rows), wide=True)


def _gray(a: Array) -> Array:
    return (255 * (a - a.min()) / (np.ptp(a) or 1.0)).astype(np.uint8)


def _signed(a: Array) -> Array:
    part = np.clip(a / (float(np.abs(a).max()) or 1.0), -1, 1)
    colors = np.full((*a.shape, 3), 236.0)
    for ground, share in (((217, 95, 2), np.maximum(part, 0)), ((0, 84, 158), np.maximum(-part, 0))):
        colors += share[..., None] * (np.array(ground) - 236.0)
    return colors.astype(np.uint8)
