"""The curves of many runs over each other: the best one highlighted, the others grey."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from trainlab.report.pictures._curves import in_epochs, metric
from trainlab.report.pictures._kit import (
    ToAxis,
    altair,
    axis_x,
    axis_y,
    end_label,
    is_log,
    layered,
    placed,
    values,
)
from trainlab.report.pictures.numbers import readable
from trainlab.report.pictures.picture import Chart, Picture, Table
from trainlab.report.pictures.thinning import band
from trainlab.report.rows import row_of
from trainlab.store.reading import RunRecord

_HEIGHT, _POINTS, _NAMED = 300, 150, 6
Thin = dict[str, dict[str, list[float]]]  # by run: the columns of `band`


def pictures(records: Sequence[RunRecord], chosen: str, group_by: Sequence[str]) -> list[Picture]:
    """The watched metric (or the chosen one) of all runs, and their training and validation losses."""
    watched = chosen if chosen.startswith(("train_", "val_")) else ""
    watched = watched or next((m for record in records if (m := row_of(record).metric)), "val_loss")
    best = _best(records, watched)
    made = [_picture(watched, {r.name: _epochs(r, watched) for r in records}, best, switch=False)]
    if watched != "train_loss":
        made.append(_picture("train_loss", {r.name: _steps(r) for r in records}, best, switch=True))
    if watched != "val_loss":
        made.append(_picture("val_loss", {r.name: _epochs(r, "val_loss") for r in records}, best, switch=True))
    return [picture for picture in made if picture is not None]


def _best(records: Sequence[RunRecord], name: str) -> str:
    sign = 1.0 if records and records[0].falls(name) else -1.0
    known = [(row_of(record, name).best, record.name) for record in records]
    scores = [(sign * best, i) for i, (best, _) in enumerate(known) if best is not None and math.isfinite(best)]
    return known[min(scores)[1]][1] if scores else ""


def _epochs(record: RunRecord, name: str) -> dict[str, list[float]]:
    points = metric(record, name)
    return band([x for x, _ in points], [y for _, y in points], _POINTS, width=0)


def _steps(record: RunRecord) -> dict[str, list[float]]:
    steps = record.steps
    if not steps.get("loss"):
        return _epochs(record, "train_loss")
    return band(in_epochs(record, steps["step"]), steps["loss"], _POINTS)


def _picture(name: str, thin: Thin, best: str, *, switch: bool) -> Picture | None:
    shown = {run: columns for run, columns in thin.items() if columns["x"]}
    if not shown:
        return None
    numbers = [y for columns in shown.values() for y in columns["smooth"]]
    log = switch and is_log(numbers)
    axis = axis_y(name.replace("_", " "), _cut(name, numbers), log=log)
    low = min(_cut(name, numbers))
    clip: Callable[[float], float] = (lambda y: max(y, low)) if not log else (lambda y: y)
    others = [
        {"x": x, "y": clip(y), "run": run}
        for run, columns in shown.items()
        if run != best
        for x, y in zip(columns["x"], columns["smooth"], strict=True)
        if not log or y > 0
    ]
    charts = _grey(others, axis) if others else []
    if best in shown:
        charts += _highlight(shown[best], axis, clip, band_too=name == "train_loss", log=log)
    ends = {run: (c["x"][-1], clip(c["smooth"][-1])) for run, c in shown.items()}
    named = list(ends) if len(ends) <= _NAMED else [run for run in (best,) if run in ends]
    span = [("", min(_cut(name, numbers))), ("", max(numbers))]
    moved = placed([*((run, ends[run][1]) for run in named), *span], _HEIGHT, log=log)
    for run in named:
        style = "train-label" if run == best else "quiet"
        charts.append(end_label(*ends[run], run, style, axis, moved.get(run, 0.0)))
    title = name.replace("_", " ").capitalize()
    chart = layered(*charts, height=_HEIGHT)
    return Picture(f"runs-{name}", title, chart, _sentence(name, shown, best), _table(shown), switch=log)


def _cut(name: str, numbers: list[float]) -> list[float]:
    """Clips R2 far below zero, which would flatten the rest of the curve."""
    return [max(v, -1.0) for v in numbers] if name.endswith("r2") else numbers


def _grey(rows: list[dict[str, Any]], axis: ToAxis) -> list[Chart]:
    alt = altair()
    near = alt.selection_point(name="near", on="pointerover", clear="pointerout", fields=["run"], empty=False)
    base = alt.Chart(values(rows)).encode(
        x=axis_x(), y=axis("y"), detail=alt.Detail("run:N"), tooltip=[alt.Tooltip("run:N")]
    )
    lines = base.mark_line(style="faint").encode(
        opacity=alt.condition(near, alt.value(1), alt.value(0.55)),
        strokeWidth=alt.condition(near, alt.value(3), alt.value(1.2)),
    )
    wide = base.mark_line(strokeWidth=9, opacity=0.001).add_params(near)  # thin lines are hard to hit
    return [lines, wide]


def _highlight(
    columns: dict[str, list[float]], axis: ToAxis, clip: Callable[[float], float], *, band_too: bool, log: bool
) -> list[Chart]:
    alt = altair()
    names = ("x", "low", "high", "smooth")
    cells = zip(*(columns[n] for n in names), strict=True)
    rows: list[dict[str, float]] = [dict(zip(names, row, strict=True)) for row in cells if not log or row[1] > 0]
    for row in rows:
        row.update({n: clip(row[n]) for n in names[1:]})
    base = alt.Chart(values(rows))
    tips = [alt.Tooltip("x:Q", title="epoch", format=".3~g"), alt.Tooltip("smooth:Q", title="best run", format=".4~g")]
    area = (
        [base.mark_area(style="train-band").encode(x=axis_x(), y=axis("low"), y2=alt.Y2("high:Q"))] if band_too else []
    )
    return [*area, base.mark_line(style="best").encode(x=axis_x(), y=axis("smooth"), tooltip=tips)]


def _sentence(name: str, shown: Thin, best: str) -> str:
    ends = {run: columns["smooth"][-1] for run, columns in shown.items()}
    text = f"{len(shown)} runs; {name.replace('_', ' ')} ends between {readable(min(ends.values()))} and "
    text += f"{readable(max(ends.values()))}."
    return text + (f" The best run, {best}, ends at {readable(ends[best])}." if best in ends else "")


def _table(shown: Thin) -> Table:
    pick = {run: columns["smooth"] for run, columns in shown.items()}
    rows = [[run, ys[0], ys[len(ys) // 2], ys[-1], min(ys), max(ys)] for run, ys in pick.items()]
    return Table(["run", "first", "middle", "last", "lowest", "highest"], rows)
