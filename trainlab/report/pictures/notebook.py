"""Charts of runs, sweeps and tunes for notebooks: the pictures of the report, or curves of chosen columns."""

from collections.abc import Sequence
from importlib import import_module

from trainlab.core.errors import UserError
from trainlab.core.problem import listed, nearest
from trainlab.report.pictures import gallery
from trainlab.report.pictures._curves import Points, known
from trainlab.report.pictures._kit import altair, axis_x, axis_y, values
from trainlab.report.pictures.picture import Chart, Picture
from trainlab.report.pictures.theme import Theme, config
from trainlab.report.pictures.thinning import band
from trainlab.report.pictures.tune import pictures as pictures_of_tune
from trainlab.report.sweep_record import SweepRecord
from trainlab.report.tune_record import TuneRecord
from trainlab.store.reading import RunRecord

_POINTS, _HEIGHT = 400, 240  # points of a curve; pixels of a chart


def run_chart(record: RunRecord, columns: Sequence[str], theme: Theme, width: int) -> Chart:
    """Loss and score of a run, the columns that are named, or one named picture.

    Raises UserError for a name that does not exist.
    """
    if not columns:
        made = [picture for name in ("loss", "score") for picture in _pictures(name, record)]
        if not made:
            raise UserError(f"{record.path}: has no epoch yet that could be drawn")
        return _styled(altair().hconcat(*(_sized(picture, width) for picture in made)), theme)
    tables = {"epoch": record.metrics, "step": record.steps}
    drawn = {column: axis for axis in ("step", "epoch") for column in tables[axis] if column not in tables}
    if all(column in drawn for column in columns):
        return _styled(_curves(record, columns, [drawn[column] for column in columns], width), theme)
    pictures = {picture.name: picture for picture in gallery.of_run(record)}
    if len(columns) == 1 and columns[0] in pictures:
        return _styled(_sized(pictures[columns[0]], width), theme)
    wrong = next(name for name in columns if name not in drawn)
    if wrong in pictures:
        raise UserError(f"`{wrong}` is a picture of its own: plot it alone")
    raise _unknown(wrong, list(dict.fromkeys([*drawn, *pictures])))


def sweep_chart(sweep: SweepRecord, name: str, theme: Theme, width: int) -> Chart:
    """A picture of a sweep by its name. Raises UserError for a name that does not exist."""
    pictures = {picture.name: picture for picture in gallery.of_sweep(sweep)}
    if not pictures:
        raise UserError(f"{sweep.path}: has no finished trial yet that could be drawn")
    if name not in pictures:
        raise _unknown(name, list(pictures))
    return _styled(_sized(pictures[name], width), theme)


def tune_chart(tune: TuneRecord, name: str, theme: Theme, width: int) -> Chart:
    """A picture of a tune by its name. Raises UserError for a name that does not exist."""
    pictures = {picture.name: picture for picture in pictures_of_tune(tune)}
    if not pictures:
        raise UserError(f"{tune.path}: has no step yet that could be drawn")
    if name not in pictures:
        raise _unknown(name, list(pictures))
    return _styled(_sized(pictures[name], width), theme)


def _curves(record: RunRecord, columns: Sequence[str], axes: Sequence[str], width: int) -> Chart:
    """A line for each column: one chart for those over the epochs, one for those over the steps."""
    alt, tables = altair(), {"epoch": record.metrics, "step": record.steps}
    charts: list[Chart] = []
    for axis in dict.fromkeys(axes):
        own = [column for column, of in zip(columns, axes, strict=True) if of == axis]
        lines = {column: _thin(known(tables[axis][axis], tables[axis][column])) for column in own}
        rows = [{"x": x, "y": y, "column": name} for name, points in lines.items() for x, y in points]
        if not rows:
            raise UserError(f"{record.path}: {listed([f'`{c}`' for c in own], 'and')}: no numbers to draw yet")
        title = own[0] if len(own) == 1 else ""
        color = alt.Color("column:N", title=None, sort=own, legend=None if len(own) == 1 else alt.Legend())
        tips = [alt.Tooltip("column:N"), alt.Tooltip("x:Q", title=axis), alt.Tooltip("y:Q", format=".5~g")]
        y_axis = axis_y(title, [y for points in lines.values() for _, y in points])
        chart = alt.Chart(values(rows)).mark_line(point=len(rows) <= 60, strokeWidth=2)
        chart = chart.encode(x=axis_x(title=axis), y=y_axis("y"), color=color, tooltip=tips)
        charts.append(chart.properties(width=width, height=_HEIGHT))
    return charts[0] if len(charts) == 1 else alt.hconcat(*charts)


def _thin(points: Points) -> Points:
    """A curve of many steps with fewer points: the mean of neighbors."""
    if len(points) <= _POINTS:
        return points
    thin = band([x for x, _ in points], [y for _, y in points], _POINTS, width=0)
    return list(zip(thin["x"], thin["smooth"], strict=True))


def _pictures(name: str, record: RunRecord) -> list[Picture]:
    return import_module(f"trainlab.report.pictures.{name}").pictures(record)


def _sized(picture: Picture, width: int) -> Chart:
    """The chart of a picture with its title, as wide as this instead of as its container."""
    chart = picture.chart.copy(deep=False)
    title = altair().Title(picture.title, anchor="start")
    return chart.properties(title=title, width=width) if chart.width == "container" else chart.properties(title=title)


def _styled(chart: Chart, theme: Theme) -> Chart:
    """The chart with the colors of the report; its background is the theme's, so that any notebook can show it."""
    chart.config = altair().Config.from_dict(config(theme), validate=False)
    return chart


def _unknown(name: str, there: Sequence[str]) -> UserError:
    near = nearest(name, there)
    meant = f"did you mean `{near}`?" if near else f"there are {listed([f'`{n}`' for n in there], 'and')}"
    return UserError(f"nothing is called `{name}`; {meant}")
