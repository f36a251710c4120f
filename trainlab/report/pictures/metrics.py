"""The further metrics of the config, a picture for each."""

from trainlab.report.pictures._curves import Points, metric
from trainlab.report.pictures._kit import HEIGHT, altair, axis_x, axis_y, layered, values
from trainlab.report.pictures.numbers import readable
from trainlab.report.pictures.picture import Picture, Table
from trainlab.report.pictures.thinning import at_most
from trainlab.report.rows import row_of
from trainlab.store.columns import METRICS_OF, metric_columns
from trainlab.store.reading import RunRecord

_OF_TASK = {column for task in METRICS_OF for column in metric_columns(task)}


def pictures(record: RunRecord) -> list[Picture]:
    """Each validation metric beside loss and score over the epochs, its best epoch marked."""
    names = [name for name in record.metrics if name.startswith("val_") and name not in _OF_TASK]
    curves = [(name, metric(record, name)) for name in names]
    return [_picture(record, name, points) for name, points in curves if len(points) > 1]


def _picture(record: RunRecord, name: str, points: Points) -> Picture:
    alt, bare = altair(), name.removeprefix("val_")
    thin = at_most(points, 300)
    axis = axis_y(bare, [y for _, y in thin], log=False)
    base = alt.Chart(values([{"x": x, "y": y} for x, y in thin]))
    tips = [alt.Tooltip("x:Q", title="epoch"), alt.Tooltip("y:Q", title=bare, format=".4~g")]
    line = base.mark_line(style="val").encode(x=axis_x(), y=axis("y"))
    hover = base.mark_rule(opacity=0, strokeWidth=8).encode(x=axis_x(), tooltip=tips)
    best, epoch, _ = record.scores[name]
    mark = alt.Chart(values([{"x": epoch, "y": best}])).mark_point(style="best-point", size=55)
    chart = layered(line, hover, mark.encode(x=axis_x(), y=axis("y")), height=HEIGHT)
    text = f"{bare} was best in epoch {readable(epoch)} with {readable(best)} and ended at {readable(points[-1][1])}"
    text += "; it decides which epoch is the best." if name == row_of(record).metric else "."
    table = Table(["epoch", bare], at_most(points, 40))
    return Picture(f"metric-{bare}", bare, chart, text, table)
