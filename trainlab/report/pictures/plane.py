"""The trials of a sweep in the plane of two settings, colored by their scores; two menus choose the settings.

The lecture's picture of random against grid search: of a grid one sees few values of the setting that matters.
"""

from typing import Any

from trainlab.report.insights import is_number, log_axis, setting_importance, zero_on_log
from trainlab.report.pictures._kit import altair, values
from trainlab.report.pictures._sweep import categories, distinct, place_of, short, text
from trainlab.report.pictures.numbers import apart, readable
from trainlab.report.pictures.picture import Picture, Table
from trainlab.report.pictures.thinning import at_most
from trainlab.report.sweep_record import SweepRecord, TrialRow

_POINTS, _HEIGHT = 400, 320
_MARKS = 60  # parts of an axis; labels stand between them


def pictures(sweep: SweepRecord) -> list[Picture]:
    """One picture; none for fewer than three scored trials, or fewer than two settings."""
    trials = at_most(sweep.ranked, _POINTS)
    names = [n for n in sweep.parameters if all(t.values.get(n) is not None for t in trials)]
    if len(trials) < 3 or len(names) < 2:
        return []
    shares = setting_importance(sweep).shares
    names.sort(key=lambda name: -shares.get(name, 0.0))
    alt = altair()
    titles = distinct([short(name) for name in names])
    axes = [place_of(sweep, name, trials) for name in names]
    labels = [_labels(sweep, name, trials) for name in names]
    rows: list[dict[str, Any]] = []
    for rank, trial in enumerate(reversed(trials)):
        pairs = enumerate(zip(names, axes, strict=True))
        row: dict[str, Any] = {f"p{i}": place(trial.values[n]) for i, (n, place) in pairs}
        row |= {f"v{i}": _told(trial.values[n]) for i, n in enumerate(names)}
        rows.append({**row, "trial": trial.number, "score": trial.score, "rank": rank / (len(trials) - 1)})
    across, up = (
        alt.param(name=name, value=titles[i], bind=alt.binding_select(options=titles, name=f"{label} "))
        for i, (name, label) in enumerate((("across", "across"), ("up", "up")))
    )
    index = {name: f"indexof({_listed(titles)}, {name})" for name in ("across", "up")}
    marks = "[" + ", ".join(map(_listed, labels)) + "]"
    scale = alt.Scale(domain=[-0.05, 1.05], nice=False)

    def axis(name: str) -> Any:
        label = f"{marks}[{index[name]}][round(datum.value * {_MARKS})]"
        every = [i / _MARKS for i in range(_MARKS + 1)]
        look = {"grid": False, "ticks": False, "title": None, "labelOverlap": False, "labelLimit": 90}
        return alt.Axis(values=every, labelExpr=label, **look)

    color = alt.Color("rank:Q", scale=alt.Scale(range="ramp", domain=[-0.35, 1]), legend=None)
    tips = [
        alt.Tooltip("trial:Q"),
        alt.Tooltip("score:Q", title=sweep.metric, format=".4~g"),
        alt.Tooltip("here:N", title="at"),
    ]
    base = alt.Chart(values(rows)).transform_calculate(
        x=f"datum['p' + {index['across']}]",
        y=f"datum['p' + {index['up']}]",
        here=f"across + ' ' + datum['v' + {index['across']}] + ', ' + up + ' ' + datum['v' + {index['up']}]",
    )
    points = base.mark_point(filled=True, size=90, opacity=0.9).add_params(across, up)
    x, y = alt.X("x:Q", scale=scale, axis=axis("across")), alt.Y("y:Q", scale=scale, axis=axis("up"))
    best = base.transform_filter("datum.rank == 1").mark_point(style="whisker", filled=False, size=210)
    points = points.encode(x=x, y=y, color=color, tooltip=tips)
    chart = alt.layer(points, best.encode(x=x, y=y), *_names())
    text_ = (
        f"{len(trials)} trials by two settings, at first {titles[0]} (across) and {titles[1]} (up); the stronger the "
    )
    text_ += f"color, the better. The ring is the best trial, {trials[0].number}: "
    text_ += f"{titles[0]} {_told(trials[0].values[names[0]])}, {titles[1]} {_told(trials[0].values[names[1]])}."
    table = [[t.number, *(_told(t.values[name]) for name in names), t.score] for t in trials[:30]]
    sized = chart.properties(width="container", height=_HEIGHT)
    return [Picture("plane", "Two settings", sized, text_, Table(["trial", *titles, sweep.metric], table))]


def _names() -> list[Any]:
    """The names of the settings at the ends of their axes, which the menus change."""
    alt = altair()
    text = alt.Chart(values([{"at": 0}]))
    across = text.mark_text(style="quiet", align="right", baseline="bottom", dx=-2, dy=-4, text=alt.expr("across"))
    up = text.mark_text(style="quiet", align="left", baseline="top", dx=4, dy=2, text=alt.expr("up"))
    return [across.encode(x=alt.value("width"), y=alt.value("height")), up.encode(x=alt.value(0), y=alt.value(0))]


def _labels(sweep: SweepRecord, name: str, trials: list[TrialRow]) -> list[str]:
    """A text for each mark of a parameter's axis, most of them empty: five numbers, or every option."""
    cells, labels = [t.values[name] for t in trials], [""] * (_MARKS + 1)
    if not is_number(sweep, name):
        known = categories(cells)
        for i, option in enumerate(known):
            labels[round((i + 0.5) / len(known) * _MARKS)] = option
        return labels
    low, high = float(min(cells)), float(max(cells))
    if not log_axis(sweep, name):
        labels[:: _MARKS // 4] = apart([low + i / 4 * (high - low) for i in range(5)])
        return labels
    zero = zero_on_log(sweep, name)
    off, low = low == 0, low or zero
    labels[:: _MARKS // 4] = apart([low * (high / low) ** (i / 4) for i in range(5)])
    if off:
        labels[0] = "0"
    return labels


def _told(value: Any) -> str:
    return readable(value) if isinstance(value, int | float) and not isinstance(value, bool) else text(value)


def _listed(names: list[str]) -> str:
    """Texts as a list in a Vega expression."""
    quoted = [name.replace("\\", "\\\\").replace("'", "\\'") for name in names]
    return "[" + ", ".join(f"'{name}'" for name in quoted) + "]"
