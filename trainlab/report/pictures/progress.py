"""The scores of a sweep's trials in order, and the best score so far."""

from typing import Any

from trainlab.report.pictures._kit import altair, axis_x, layered, values
from trainlab.report.pictures._sweep import at_edge, score_domain, shape
from trainlab.report.pictures.numbers import readable
from trainlab.report.pictures.picture import Picture, Table
from trainlab.report.pictures.thinning import at_most
from trainlab.report.sweep_record import SweepRecord


def pictures(sweep: SweepRecord) -> list[Picture]:
    """A point per trial, a cross for a trial without a score, a step line for the best score so far."""
    scored = [t for t in sweep.trials if t.score is not None and t.status == "finished"]
    if not scored:
        return []
    alt = altair()
    low, high = score_domain(sweep)
    stairs: list[dict[str, Any]] = []
    points: list[dict[str, Any]] = []
    best: float | None = None
    for trial in sweep.trials:
        if trial.score is not None and trial.status == "finished":
            better = best is None or (trial.score < best if sweep.lower else trial.score > best)
            best = trial.score if better else best
            points.append({"trial": trial.number, "y": min(max(trial.score, low), high), "score": trial.score})
        if best is not None:
            stairs.append({"trial": trial.number, "best": best, "y": min(max(best, low), high)})
    lost = [{"trial": t.number, "status": t.status} for t in sweep.trials if t.status not in ("finished", "running")]
    scale = alt.Scale(domain=[low, high], zero=False, nice=False)
    axis = alt.Axis(tickCount=5, format="~g")
    y = {"title": sweep.metric, "scale": scale, "axis": axis}
    tips = [alt.Tooltip("trial:Q"), alt.Tooltip("score:Q", title=sweep.metric, format=".4~g")]
    dots = alt.Chart(values(points)).mark_point(style="point", size=32)
    stair = alt.Chart(values(stairs)).mark_line(interpolate="step-after", style="val", strokeDash=[1, 0])
    charts = [
        dots.encode(x=axis_x("trial", "trial"), y=alt.Y("y:Q", **y), shape=shape(sweep), tooltip=tips),
        stair.encode(x=axis_x("trial", "trial"), y=alt.Y("y:Q", **y)),
    ]
    if lost:
        cross = alt.Chart(values(lost)).mark_point(shape="cross", style="bad-point", size=36)
        where = alt.value(258)
        charts.append(cross.encode(x=axis_x("trial", "trial"), y=where, tooltip=["trial:Q", "status:N"]))
    leader = sweep.ranked[0]
    text = f"{len(sweep.trials)} trials, {len(scored)} with a score; the best {sweep.metric} is "
    text += f"{readable(leader.score)}, in trial {leader.number}.{at_edge(sweep)}"
    text += f" {len(lost)} have no score (crosses)." if lost else ""
    rows = at_most([[s["trial"], s["best"]] for s in stairs], 30)
    table = Table(["trial", "best so far"], rows)
    return [Picture("progress", "Best so far", layered(*charts, height=260), text, table)]
