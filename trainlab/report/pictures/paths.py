"""Paths of optimizers over the contours of a loss with two parameters."""

from collections.abc import Mapping

import numpy as np

from trainlab.core.types import Array
from trainlab.report.pictures._kit import altair, values
from trainlab.report.pictures.numbers import readable
from trainlab.report.pictures.picture import Picture, Table
from trainlab.report.pictures.png import address

_HEIGHT, _LEVELS, _RESOLUTION = 300, 14, 3
_BLUE = (0, 114, 178)


def paths(
    name: str,
    title: str,
    loss: Array,
    ends: tuple[float, float, float, float],
    walks: Mapping[str, Array],
    losses: Mapping[str, float],
) -> Picture:
    """Paths (steps, 2) by name over a loss (height, width), its first row at the bottom. Contours are evenly spaced in
    its logarithm. ends: left, right, bottom and top; a path is drawn as far as it stays inside. losses: at their ends.
    """
    alt = altair()
    left, right, bottom, top = ends
    scales = alt.Scale(domain=[left, right], nice=False), alt.Scale(domain=[bottom, top], nice=False)
    across, up = alt.X("a:Q", title="w1", scale=scales[0]), alt.Y("b:Q", title="w2", scale=scales[1])
    place = alt.Data(values=[{"url": address(_contours(loss)), "a": left, "b": top}])
    ground = alt.Chart(place).mark_image(
        width=alt.ExprRef("width"), height=_HEIGHT, align="left", baseline="top", aspect=False
    )
    rows = [
        {"a": a, "b": b, "step": i, "path": label}
        for label, walk in walks.items()
        for i, (a, b) in enumerate(_inside(walk, ends).tolist())
    ]
    color = alt.Color("path:N", title=None, sort=list(walks), legend=alt.Legend(orient="top", columns=3))
    base = alt.Chart(values(rows)).encode(x=across, y=up, color=color, order="step:Q", tooltip=["path:N", "step:Q"])
    start = alt.Chart(alt.Data(values=[{"a": a, "b": b} for a, b in [next(iter(walks.values()))[0].tolist()]]))
    charts = [ground.encode(x=across, y=up, url="url:N"), base.mark_line(strokeWidth=1.8), base.mark_circle(size=14),
              start.mark_point(style="bad-point", size=90, shape="cross").encode(x=across, y=up)]  # fmt: skip
    chart = alt.layer(*charts).properties(width="container", height=_HEIGHT)
    told = ", ".join(f"{label} {readable(losses[label])}" for label in walks)
    text = "All begin at the cross. Each dot is a step; the deeper the blue, the lower the loss. "
    text += f"Loss after the last step: {told}."
    table = Table(["rule", "steps", "loss at the end"], [[k, len(w) - 1, losses[k]] for k, w in walks.items()])
    return Picture(name, title, chart, text, table, wide=True)


def _inside(walk: Array, ends: tuple[float, float, float, float]) -> Array:
    """The path up to where it first leaves the picture."""
    left, right, bottom, top = ends
    a, b = walk[:, 0], walk[:, 1]
    with np.errstate(invalid="ignore"):
        out = ~((a >= left) & (a <= right) & (b >= bottom) & (b <= top))
    return walk[: int(out.argmax())] if out.any() else walk


def _contours(loss: Array) -> Array:
    """An image of the loss in bands, with a line where one band meets the next."""
    fine = np.log(loss - loss.min() + 1e-3 * np.ptp(loss)).repeat(_RESOLUTION, 0).repeat(_RESOLUTION, 1)[::-1]
    band = ((fine - fine.min()) / (np.ptp(fine) or 1.0) * _LEVELS).astype(np.int64)
    image = np.empty((*band.shape, 4))
    image[..., :3] = _BLUE
    image[..., 3] = 15 + 100 * (1 - band / _LEVELS)  # see-through, so that it suits a light and a dark page
    line = np.zeros(band.shape, bool)
    line[1:] |= band[1:] != band[:-1]
    line[:, 1:] |= band[:, 1:] != band[:, :-1]
    image[line, 3] += 35
    return image.astype(np.uint8)
