"""How far a step moves the weights of each layer, relative to their size."""

from statistics import median

from trainlab.report.pictures._kit import altair, values
from trainlab.report.pictures._layers import above_zero, left, lines, measured, table
from trainlab.report.pictures.numbers import listing, readable
from trainlab.report.pictures.picture import Picture
from trainlab.store.reading import RunRecord

HEALTHY = (1e-4, 1e-2)  # around the thousandth that CS231n names ("Babysitting the learning process")


def pictures(record: RunRecord) -> list[Picture]:
    """The update:weight ratio of each layer with its healthy band."""
    found = above_zero(measured(record).get("update_ratio", {}))
    if not found:
        return []
    alt = altair()
    ends = values([{"low": HEALTHY[0], "high": HEALTHY[1], "text": "healthy"}])
    healthy = alt.Chart(ends).mark_rect(style="healthy").encode(y=alt.Y("low:Q"), y2=alt.Y2("high:Q"))
    name = alt.Chart(ends).mark_text(style="quiet", align="left", baseline="bottom", dx=4, dy=-3)
    chart = lines(
        record,
        found,
        "update : weight",
        also=HEALTHY,
        under=[healthy, name.encode(x=alt.value(0), y=alt.Y("low:Q"), text=alt.Text("text:N"))],
    )
    middles = {layer: median(ys) for layer, (_, ys) in found.items()}
    outside = [layer for layer, middle in middles.items() if not HEALTHY[0] <= middle <= HEALTHY[1]]
    text = f"In the middle of the run a step moved the weights by {readable(min(middles.values()))} to "
    text += f"{readable(max(middles.values()))} of their size, layer by layer; healthy is about 0.001. "
    text += f"Outside the band: {listing(outside)}." if outside else "All layers are inside the band."
    text += left(found)
    return [Picture("update-ratio", "Update : weight ratio", chart, text, table(found))]
