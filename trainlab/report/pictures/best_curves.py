"""The curves of a sweep's best trials, each in its own color with its number; the legend chooses among them."""

from typing import Any

from trainlab.report.pictures._curves import metric, trained
from trainlab.report.pictures._kit import altair, axis_x, axis_y, end_label, is_log, layered, placed, values
from trainlab.report.pictures.numbers import readable
from trainlab.report.pictures.picture import Picture, Table
from trainlab.report.sweep_record import SweepRecord
from trainlab.store.folder import is_run
from trainlab.store.reading import RunRecord

_MOST, _HEIGHT = 8, 300


def pictures(sweep: SweepRecord) -> list[Picture]:
    """One picture: the sweep's metric over the epochs, for the eight best trials of one run each."""
    curves: dict[str, list[tuple[float, float]]] = {}
    for trial in sweep.ranked[:_MOST]:
        folder = sweep.path / "trials" / f"{trial.number:04}"
        points = trained(metric(RunRecord(folder, folder.name), sweep.metric)) if is_run(folder) else []
        if len(points) > 1:
            curves[str(trial.number)] = points
    if len(curves) < 2:
        return []
    alt = altair()
    drawn = [y for points in curves.values() for _, y in points]
    axis = axis_y(sweep.metric, drawn)
    rows: list[dict[str, Any]] = [{"x": x, "y": y, "trial": n} for n, points in curves.items() for x, y in points]
    chosen = alt.selection_point(name="chosen", fields=["trial"], bind="legend")
    color = alt.Color("trial:N", sort=list(curves), title="trial", scale=alt.Scale(range="category"))
    tips = [
        alt.Tooltip("trial:N"),
        alt.Tooltip("x:Q", title="epoch"),
        alt.Tooltip("y:Q", title=sweep.metric, format=".4~g"),
    ]
    base = alt.Chart(values(rows)).encode(x=axis_x(), y=axis("y"), color=color, tooltip=tips)
    shown = alt.condition(chosen, alt.value(1), alt.value(0.12))
    lines = base.mark_line(strokeWidth=2).encode(opacity=shown).add_params(chosen)
    dots = base.mark_point(filled=True, size=26).encode(
        opacity=shown, shape=alt.Shape("trial:N", sort=list(curves), legend=None)
    )
    ends = {number: points[-1] for number, points in curves.items()}
    span = [("", min(drawn)), ("", max(drawn))]
    moved = placed([*((n, y) for n, (_, y) in ends.items()), *span], _HEIGHT, log=is_log(drawn))
    names = [end_label(x, y, n, "quiet", axis, moved.get(n, 0.0)) for n, (x, y) in ends.items()]
    first = next(iter(curves))
    text = f"{sweep.metric} of the {len(curves)} best trials over the epochs; the best, trial {first}, ends at "
    text += f"{readable(curves[first][-1][1])}. Click on a trial in the legend to see it alone; with shift, several."
    pick = [[n, points[0][1], points[len(points) // 2][1], points[-1][1]] for n, points in curves.items()]
    table = Table(["trial", "first", "middle", "last"], pick)
    return [
        Picture("best-curves", "Curves of the best trials", layered(lines, dots, *names, height=_HEIGHT), text, table)
    ]
