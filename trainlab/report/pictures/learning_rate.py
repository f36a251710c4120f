"""The learning rate over the run."""

from trainlab.report.pictures._curves import in_epochs, known, metric
from trainlab.report.pictures._kit import HEIGHT, altair, axis_x, axis_y, layered, values
from trainlab.report.pictures.numbers import readable
from trainlab.report.pictures.picture import Picture, Table
from trainlab.report.pictures.thinning import at_most
from trainlab.store.reading import RunRecord


def pictures(record: RunRecord) -> list[Picture]:
    """The learning rate of every step, of every epoch if there are no steps."""
    steps = record.steps
    points = known(in_epochs(record, steps["step"]), steps["lr"]) if steps.get("lr") else metric(record, "lr")
    if not points:
        return []
    alt = altair()
    thin = at_most(points, 300)
    axis = axis_y("learning rate", [y for _, y in thin], log=False, zero=True)
    base = alt.Chart(values([{"x": x, "lr": y} for x, y in thin]))
    tips = [alt.Tooltip("x:Q", title="epoch", format=".2f"), alt.Tooltip("lr:Q", title="learning rate", format=".3~g")]
    line = base.mark_line(style="train").encode(x=axis_x(), y=axis("lr"))
    hover = base.mark_rule(opacity=0, strokeWidth=5).encode(x=axis_x(), tooltip=tips)
    rates = [y for _, y in points]
    top = max(rates)
    if min(rates) == top:
        text = f"The learning rate stayed at {readable(top)}."
    else:
        at = points[rates.index(top)][0]
        text = f"The learning rate began at {readable(rates[0])}, was highest at epoch {readable(round(at, 1))} with "
        text += f"{readable(top)}, and ended at {readable(rates[-1])}."
    table = Table(["epoch", "learning rate"], at_most(points, 30))
    return [Picture("learning-rate", "Learning rate", layered(line, hover, height=HEIGHT + 30), text, table)]
