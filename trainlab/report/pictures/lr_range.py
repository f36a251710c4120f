"""The curve of a learning rate range test: the smoothed loss over the rate, each seed's loss, and the marked rates."""

import math
from collections.abc import Mapping, Sequence

from trainlab.report.pictures._kit import LABEL, altair, layered, ticks, values
from trainlab.report.pictures.numbers import readable
from trainlab.report.pictures.picture import Picture, Table
from trainlab.report.pictures.thinning import at_most

_HEIGHT = 300
_MARGIN = 0.08  # of the smoothed loss's range, above and below it


def picture(
    title: str,
    lr: Sequence[float],
    smoothed: Sequence[float],
    losses: Sequence[Sequence[float]],
    marks: Mapping[str, float],
) -> Picture:
    """The smoothed loss and the losses by seed (at most as many values as rates), with the named rates marked.

    All rates are above 0. Losses that are not finite are left out; those far above the smoothed loss are clipped.
    """
    alt = altair()
    finite = [v for v in smoothed if math.isfinite(v)] or [0.0, 1.0]
    margin = _MARGIN * (max(finite) - min(finite) or abs(finite[0]) or 1.0)
    x_axis = alt.Axis(values=ticks(min(lr), max(lr)), labelExpr=LABEL, grid=False)
    x = alt.X("lr:Q", title="learning rate", scale=alt.Scale(type="log", nice=False), axis=x_axis)
    domain = [min(finite) - margin, max(finite) + margin]
    y = alt.Y("loss:Q", title="training loss", scale=alt.Scale(domain=domain, zero=False), axis=alt.Axis(tickCount=5))
    faint = [
        {"lr": rate, "loss": loss, "seed": seed}
        for seed, curve in enumerate(losses)
        for rate, loss in zip(lr, curve, strict=False)
        if math.isfinite(loss)
    ]
    main = [{"lr": rate, "loss": loss} for rate, loss in zip(lr, smoothed, strict=True) if math.isfinite(loss)]
    charts = [
        alt.Chart(values(faint)).mark_line(style="faint", clip=True).encode(x=x, y=y, detail=alt.Detail("seed:N")),
        alt.Chart(values(main)).mark_line(style="train", clip=True).encode(x=x, y=y),
    ]
    for row, (name, rate) in enumerate(marks.items()):
        # on the right of its line if there is room, but the first on the left: the others are on its right
        left = row == 0 or math.log(max(lr) / rate) < 0.25 * math.log(max(lr) / min(lr))
        data = values([{"lr": rate, "text": f"{name} {rate:.2g}"}])
        label = alt.Chart(data).mark_text(style="moment-label", align="right" if left else "left", dx=-5 if left else 5)
        charts += [
            alt.Chart(data).mark_rule(style="moment").encode(x=x),
            label.encode(x=x, y=alt.value(8 + 15 * row), text=alt.Text("text:N")),
        ]
    sentence = f"The smoothed loss over the learning rate, from {readable(lr[0])} to {readable(lr[-1])}."
    table = Table(["learning rate", "smoothed loss"], at_most([[a, b] for a, b in zip(lr, smoothed, strict=True)], 30))
    return Picture("lr-range", title, layered(*charts, height=_HEIGHT), sentence, table)
