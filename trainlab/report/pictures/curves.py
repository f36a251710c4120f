"""The curves of many runs over each other: few in colors, labelled by what differs; of many the best is highlighted."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trainlab.report.compare import differing, labels
from trainlab.report.pictures._curves import in_epochs, metric
from trainlab.report.pictures._kit import (
    ToAxis,
    altair,
    axis_x,
    axis_y,
    end_label,
    is_log,
    layered,
    values,
)
from trainlab.report.pictures.numbers import listing, readable
from trainlab.report.pictures.picture import Chart, Picture, Table
from trainlab.report.pictures.thinning import band
from trainlab.report.roof import roof
from trainlab.report.rows import row_of
from trainlab.store.reading import RunRecord

_HEIGHT, _POINTS = 300, 150
_COLORED = 8  # runs: more have too many colors to be told apart, and are grey but for the best
_EPOCHS = 12  # that a curve needs to show its shape
_LONG = 40  # letters of a label; a longer one needs the whole width
Thin = dict[str, dict[str, list[float]]]  # by run: the columns of `band`


def pictures(records: Sequence[RunRecord], chosen: str, group_by: Sequence[str]) -> list[Picture]:
    """The watched metric (or the chosen one) of all runs, and their training and validation losses."""
    watched = chosen if chosen.startswith(("train_", "val_")) else ""
    watched = watched or next((m for record in records if (m := row_of(record).metric)), "val_loss")
    best, named = _best(records, watched), names(records)
    made = [_picture(watched, {r.name: _epochs(r, watched) for r in records}, named, best, records[0].falls(watched))]
    if watched != "train_loss":
        made.append(_picture("train_loss", {r.name: _steps(r) for r in records}, named, best, True))
    if watched != "val_loss":
        made.append(_picture("val_loss", {r.name: _epochs(r, "val_loss") for r in records}, named, best, True))
    return [picture for picture in made if picture is not None]


def names(records: Sequence[RunRecord]) -> dict[str, str]:
    """What tells each run from the others, by its name: the settings that differ, or its name where these do not do."""
    keys = {k: v for k, v in differing(records).items() if k not in ("name", "description")}
    texts = labels(keys, len(records))
    counts = Counter(texts)
    found = zip((record.name for record in records), texts, strict=True)
    return {name: f"{name}: {text}" if text and counts[text] > 1 else text or name for name, text in found}


def _best(records: Sequence[RunRecord], name: str) -> str:
    sign = 1.0 if records and records[0].falls(name) else -1.0
    known = [(row_of(record, name).best, record.name) for record in records]
    scores = [(sign * best, i) for i, (best, _) in enumerate(known) if best is not None and math.isfinite(best)]
    return known[min(scores)[1]][1] if scores else ""


def _epochs(record: RunRecord, name: str) -> dict[str, list[float]]:
    points = metric(record, name)
    return band([x for x, _ in points], [y for _, y in points], _POINTS, width=0)


def _steps(record: RunRecord) -> dict[str, list[float]]:
    """The training loss of the epochs, of the steps in a run of few epochs."""
    steps = record.steps
    if not steps.get("loss") or len(metric(record, "train_loss")) > _EPOCHS:
        return _epochs(record, "train_loss")
    return band(in_epochs(record, steps["step"]), steps["loss"], _POINTS)


def _picture(name: str, thin: Thin, named: Mapping[str, str], best: str, falls: bool) -> Picture | None:
    all_runs = {run: columns for run, columns in thin.items() if columns["x"]}
    if not all_runs:
        return None
    top = roof([columns["smooth"] for columns in all_runs.values()]) if falls else math.inf
    log = name.endswith("loss") and is_log(y for columns in all_runs.values() for y in columns["smooth"])
    numbers = [min(y, top) for columns in all_runs.values() for y in columns["smooth"]]
    drawn = _cut(name, numbers)
    axis, low = axis_y(name.replace("_", " "), drawn, log=log), -math.inf if log else min(drawn)

    def clip(y: float) -> float:
        return min(max(y, low), top)

    rows = [
        {"x": x, "y": clip(y), "run": run, "label": named.get(run, run)}
        for run, columns in all_runs.items()
        for x, y in zip(columns["x"], columns["smooth"], strict=True)
        if not log or y > 0
    ]
    colored = len(all_runs) <= _COLORED
    if colored:
        charts = _colored(rows, [named.get(run, run) for run in all_runs], best, axis)
    else:
        others = [row for row in rows if row["run"] != best]
        charts = _grey(others, axis) if others else []
        if best in all_runs:
            charts += _highlight(all_runs[best], axis, clip, band_too=name == "train_loss", log=log)
            end = all_runs[best]["x"][-1], clip(all_runs[best]["smooth"][-1])
            charts.append(end_label(*end, best, "train-label", axis))
    text = _sentence(name, all_runs, best, named)
    gone = [run for run, columns in all_runs.items() if max(columns["smooth"]) > top]
    text += f" Above {readable(top)} these leave the picture: {listing(gone)}." if gone else ""
    text += " Below -1 the curves leave the picture." if name.endswith("r2") and min(numbers) < -1 else ""
    title = name.replace("_", " ").capitalize()
    switch = name.endswith("loss") and log
    wide = colored and len(all_runs) > 1 and max(len(named.get(run, run)) for run in all_runs) > _LONG
    chart = layered(*charts, height=_HEIGHT)
    return Picture(f"runs-{name}", title, chart, text, _table(all_runs, named), switch=switch, wide=wide)


def _colored(rows: list[dict[str, Any]], order: list[str], best: str, axis: ToAxis) -> list[Chart]:
    """A line in its own color for each run, the best one thicker."""
    alt = altair()
    across = 1 if max(map(len, order)) > 24 else 2
    legend = alt.Legend(orient="top", columns=across, labelLimit=320, symbolType="stroke")
    color = alt.Color("label:N", title=None, sort=order, scale=alt.Scale(range="category"), legend=legend)
    tips = [alt.Tooltip("run:N"), alt.Tooltip("label:N", title="with")]
    tips += [alt.Tooltip("x:Q", title="epoch", format=".3~g"), alt.Tooltip("y:Q", title="value", format=".4~g")]
    base = alt.Chart(values(rows)).encode(x=axis_x(), y=axis("y"), color=color, detail=alt.Detail("run:N"))
    thick = alt.condition(alt.datum.run == best, alt.value(3), alt.value(1.6))
    return [base.mark_line().encode(strokeWidth=thick), base.mark_point(opacity=0, size=60).encode(tooltip=tips)]


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


def _sentence(name: str, found: Thin, best: str, named: Mapping[str, str]) -> str:
    ends = {run: columns["smooth"][-1] for run, columns in found.items()}
    text = f"{len(found)} runs; {name.replace('_', ' ')} ends between {readable(min(ends.values()))} and "
    text += f"{readable(max(ends.values()))}."
    if best not in ends:
        return text
    told = f" ({named[best]})" if named.get(best, best) not in (best, "") and best not in named[best] else ""
    return f"{text} The best run, {best}{told}, ends at {readable(ends[best])}."


def _table(found: Thin, named: Mapping[str, str]) -> Table:
    pick = {run: columns["smooth"] for run, columns in found.items()}
    rows = [[run, named.get(run, run), ys[0], ys[len(ys) // 2], ys[-1], min(ys), max(ys)] for run, ys in pick.items()]
    return Table(["run", "what differs", "first", "middle", "last", "lowest", "highest"], rows)
