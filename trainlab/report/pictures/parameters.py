"""The score of a sweep's trials against each parameter, with the range of the best quarter."""

from typing import Any

from trainlab.report.insights import good, is_number, log_axis, zero_on_log
from trainlab.report.pictures._kit import altair, label_of, layered, ticks, values
from trainlab.report.pictures._sweep import at_edge, score_domain, shape, short, text
from trainlab.report.pictures.numbers import apart, listing, readable
from trainlab.report.pictures.picture import Picture, Table
from trainlab.report.pictures.thinning import at_most
from trainlab.report.sweep_record import SweepRecord

_HEIGHT = 200


def pictures(sweep: SweepRecord) -> list[Picture]:
    """A picture per parameter: a point per trial, the best trial marked, the range of the best quarter shaded."""
    if not sweep.ranked:
        return []
    return [_picture(sweep, name) for name in sweep.parameters]


def _picture(sweep: SweepRecord, name: str) -> Picture:
    alt = altair()
    numeric, log = is_number(sweep, name), log_axis(sweep, name)
    low, high = score_domain(sweep)
    zero = zero_on_log(sweep, name) if log else 0.0
    scored = [t for t in sweep.ranked if t.values.get(name) is not None]
    rows = [
        {"v": _drawn(t.values[name], numeric, zero), "y": min(max(t.score or 0.0, low), high), "score": t.score}
        | {"trial": t.number}
        for t in scored
    ]
    lost = [
        {"v": _drawn(t.values[name], numeric, zero), "trial": t.number, "status": t.status}
        for t in sweep.trials
        if t.status in ("diverged", "failed", "stopped") and t.values.get(name) is not None
    ]
    x = _x(name, rows + lost, numeric, log, zero)
    y = alt.Y(
        "y:Q",
        title=sweep.metric,
        scale=alt.Scale(domain=[low, high], nice=False),
        axis=alt.Axis(tickCount=4, format="~g"),
    )
    tips = [alt.Tooltip("trial:Q"), alt.Tooltip(f"v:{'Q' if numeric else 'N'}", title=name)]
    known = [*tips, alt.Tooltip("score:Q", title=sweep.metric, format=".4~g")]
    charts = [
        *_region(sweep, name, numeric, zero),
        alt.Chart(values(rows)).mark_point(style="point", size=34).encode(x=x, y=y, shape=shape(sweep), tooltip=known),
        alt.Chart(values(rows[:1])).mark_point(style="best-point", size=90).encode(x=x, y=y, tooltip=known),
    ]
    if lost:
        cross = alt.Chart(values(lost)).mark_point(shape="cross", style="bad-point", size=36)
        charts.append(cross.encode(x=x, y=alt.value(_HEIGHT - 4), tooltip=[*tips, alt.Tooltip("status:N")]))
    chart = layered(*charts, height=_HEIGHT)
    sentence = _sentence(sweep, name, numeric, len(lost))
    cells = [[t.values[name] if numeric else text(t.values[name]), t.score, t.number] for t in scored]
    table = Table([name, sweep.metric, "trial"], at_most(cells, 30))
    return Picture(f"parameter-{name}", name, chart, sentence, table, group="parameters")


def _x(name: str, rows: list[dict[str, Any]], numeric: bool, log: bool, zero: float) -> Any:
    alt = altair()
    if not numeric:
        return alt.X(
            "v:N", title=short(name), axis=alt.Axis(labelAngle=-25, labelLimit=110), scale=alt.Scale(padding=0.6)
        )
    numbers = [float(r["v"]) for r in rows]
    if log:
        above = [v for v in numbers if v != zero]
        places = ticks(min(above), max(above)) if above else []
        off = [zero] if zero in numbers else []
        told = label_of(min(above), max(above)) if above else "0"
        told = f"abs(datum.value / {zero} - 1) < 1e-6 ? '0' : ({told})"
        axis = alt.Axis(values=[*off, *places], labelExpr=told, grid=False)
        return alt.X("v:Q", title=short(name), scale=alt.Scale(type="log", nice=False), axis=axis)
    axis = alt.Axis(tickCount=5, labelExpr=label_of(min(numbers), max(numbers)), grid=False)
    return alt.X("v:Q", title=short(name), scale=alt.Scale(zero=False), axis=axis)


def _region(sweep: SweepRecord, name: str, numeric: bool, zero: float) -> list[Any]:
    """The range of the best quarter."""
    found = [t.values[name] for t in good(sweep) if t.values.get(name) is not None]
    if not numeric or not found:
        return []
    alt = altair()
    data = values([{"v": float(min(found)) or zero, "to": float(max(found)) or zero}])
    return [alt.Chart(data).mark_rect(style="healthy").encode(x=alt.X("v:Q"), x2=alt.X2("to:Q"))]


def _sentence(sweep: SweepRecord, name: str, numeric: bool, lost: int) -> str:
    best = sweep.ranked[0]
    region: list[Any] = [t.values.get(name) for t in good(sweep) if t.values.get(name) is not None]
    if numeric and region:
        where = "between {} and {}".format(*apart([min(region), max(region)]))
        here = readable(best.values.get(name))
    else:
        counts = {text(v): sum(text(v) == text(w) for w in region) for v in region}
        where = "at " + listing([f"{v} ({n})" for v, n in sorted(counts.items(), key=lambda item: -item[1])])
        here = text(best.values.get(name))
    sentence = f"The best quarter of the trials lies {where}; the best one at {here}."
    return sentence + at_edge(sweep) + (f" {lost} trials have no score (crosses)." if lost else "")


def _drawn(value: Any, numeric: bool, zero: float) -> Any:
    """The value as it is drawn; 0 at its place, if that is not 0 itself."""
    return (float(value) or zero) if numeric else text(value)
