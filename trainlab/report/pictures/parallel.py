"""Every trial of a sweep as a line through its parameters and its score; brushes select lines."""

from typing import Any

from trainlab.report.insights import is_number
from trainlab.report.pictures._kit import altair, values
from trainlab.report.pictures._sweep import at_edge, categories, distinct, place_of, scaled, score_domain, short, text
from trainlab.report.pictures.numbers import apart, readable
from trainlab.report.pictures.picture import Picture, Table
from trainlab.report.pictures.thinning import at_most
from trainlab.report.sweep_record import SweepRecord, TrialRow

_HEIGHT, _LINES = 320, 400


def pictures(sweep: SweepRecord) -> list[Picture]:
    """Parallel coordinates: dragging over one or more axes selects the lines that pass there."""
    trials = at_most(sweep.ranked, _LINES)
    names = [n for n in sweep.parameters if sum(t.values.get(n) is not None for t in trials) == len(trials)]
    if len(trials) < 2 or not names:
        return []
    alt = altair()
    titles = [*distinct([short(name) for name in names]), sweep.metric]
    places = [place_of(sweep, name, trials) for name in names]
    low, high = score_domain(sweep)
    score = scaled(low, high, log=False)
    rows: list[dict[str, Any]] = []
    for rank, trial in enumerate(reversed(trials)):
        row = {f"p{i}": place(trial.values[name]) for i, (name, place) in enumerate(zip(names, places, strict=True))}
        row[f"p{len(names)}"] = score(min(max(trial.score or 0.0, low), high))
        good = rank / (len(trials) - 1)
        facts = {"trial": trial.number, "score": trial.score, "rank": good}
        rows += [{**row, **facts, "axis": title, "at": row[f"p{i}"]} for i, title in enumerate(titles)]
    brush = alt.selection_interval(name="brush", encodings=["x", "y"])
    inside = " && ".join(
        f"(indexof(brush.axis || [], {_quoted(title)}) < 0 || inrange(datum.p{i}, brush.at))"
        for i, title in enumerate(titles)
    )
    picked = f"datum.rank >= 1 - best / 100 && (!isValid(brush.at) || ({inside}))"
    slider = alt.binding_range(min=5, max=100, step=5, name="show the best (%) ")  # for readers without a mouse
    best = alt.param(name="best", value=100, bind=slider)
    axis = {
        "orient": "top",
        "labelAngle": -20,
        "labelAlign": "left",
        "labelFontWeight": "bold",
        "labelLimit": 90,
        "ticks": False,
    }
    place = alt.Scale(type="point", padding=0.25)
    x = alt.X("axis:N", sort=titles, title=None, axis=alt.Axis(grid=True, domain=False, **axis), scale=place)
    y = alt.Y("at:Q", title=None, axis=None, scale=alt.Scale(domain=[-0.04, 1.04], nice=False))
    tips = [alt.Tooltip("trial:Q"), alt.Tooltip("score:Q", title=sweep.metric, format=".4~g")]
    scale = alt.Scale(range="ramp", domain=[-0.35, 1])
    base = alt.Chart(values(rows)).encode(x=x, y=y, detail=alt.Detail("trial:N"), tooltip=tips)
    lines = base.mark_line(strokeWidth=1.6).encode(
        color=alt.Color("rank:Q", scale=scale, legend=None),
        opacity=alt.condition(picked, alt.value(0.9), alt.value(0.05)),
    )
    ends = alt.Chart(values(_labels(sweep, names, titles, trials, (low, high)))).encode(
        x=x, y=y, text=alt.Text("text:N")
    )
    lower = alt.ExprRef("datum.lower ? 11 : 0")  # every second axis: neighbors do not touch on a phone
    labels = [ends.mark_text(style=style, align="left", dx=4, dy=lower) for style in ("halo", "label")]
    chart = alt.layer(lines.add_params(brush, best), *labels).properties(width="container", height=_HEIGHT)
    sentence = _sentence(sweep, trials, names, titles)
    table = Table(["trial", *titles], [[t.number, *(_told(t.values[n]) for n in names), t.score] for t in trials[:30]])
    return [Picture("parallel", "All parameters at once", chart, sentence, table, wide=True)]


def _sentence(sweep: SweepRecord, trials: list[TrialRow], names: list[str], titles: list[str]) -> str:
    best = trials[0]
    text = f"{len(trials)} trials as lines through {len(names)} parameters and {sweep.metric}; the stronger the color, "
    text += "the better. Drag over an axis to select the lines that pass there, click next to it to clear, or "
    text += "choose how many lines to see. "
    values = ", ".join(f"{title} {_told(best.values[name])}" for title, name in zip(titles, names, strict=False))
    return f"{text}The best trial, {best.number}, has {values}.{at_edge(sweep)}"


def _labels(
    sweep: SweepRecord, names: list[str], titles: list[str], trials: list[TrialRow], ends: tuple[float, float]
) -> list[dict[str, Any]]:
    """The lowest and highest value at each axis, every one of a category."""
    made: list[dict[str, Any]] = []
    for number, (name, title) in enumerate(zip(names, titles, strict=False)):
        cells = [t.values[name] for t in trials]
        if is_number(sweep, name):
            told = {"axis": title, "lower": number % 2}
            made += [{**told, "at": float(i), "text": v} for i, v in enumerate(apart([min(cells), max(cells)]))]
        else:
            known = categories(cells)
            made += [{"axis": title, "at": (i + 0.5) / len(known), "text": v} for i, v in enumerate(known)]
    low, high = ends
    return [
        *made,
        {"axis": titles[-1], "at": 0.0, "text": readable(low)},
        {"axis": titles[-1], "at": 1.0, "text": readable(high)},
    ]


def _told(value: Any) -> str:
    return readable(value) if isinstance(value, int | float) and not isinstance(value, bool) else text(value)


def _quoted(name: str) -> str:
    """A text inside a Vega expression."""
    return "'" + name.replace("\\", "\\\\").replace("'", "\\'") + "'"
