"""Trials of two settings as points: how a grid and random search cover the range of each of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from trainlab.report.pictures._kit import altair, is_log, label_of, ticks
from trainlab.report.pictures.numbers import readable
from trainlab.report.pictures.picture import Picture, Table

_SIDE, _TICK, _FREE = 230, 14, 22  # free: the place of the ticks below the points

Trials = Sequence[tuple[float, float, float]]


def searched(name: str, title: str, searches: Mapping[str, Trials], names: tuple[str, str], metric: str) -> Picture:
    """One panel for each search: its trials (first setting, second setting, score), the stronger the color, the
    higher the score, and a tick at each value that was tried of the first setting.
    """
    alt = altair()
    everything = [trial for trials in searches.values() for trial in trials]
    low, high = min(t[2] for t in everything), max(t[2] for t in everything)
    scores = alt.Scale(range="ramp", domain=[low - 0.35 * (high - low), high])  # the lowest is still seen on its ground
    axes = [_axis([t[i] for t in everything], span) for i, span in enumerate(([0, _SIDE], [_SIDE - _FREE, 0]))]
    keys = alt.Legend(orient="right", values=[low, high], format=".3~g")
    panels: list[object] = []
    for label, trials in searches.items():
        data = alt.Data(values=[{"a": a, "b": b, "score": float(f"{s:.4g}")} for a, b, s in trials])
        across, up = alt.X("a:Q", title=names[0], **axes[0]), alt.Y("b:Q", title=names[1], **axes[1])
        color = alt.Color("score:Q", title=metric.replace("_", " "), scale=scores, legend=keys)
        dots = alt.Chart(data).mark_circle(size=90, opacity=1).encode(x=across, y=up, color=color)
        strokes = alt.Chart(data).mark_tick(style="whisker", thickness=1.5, size=_TICK, yOffset=-4, orient="vertical")
        distinct = len({t[0] for t in trials})
        head = alt.TitleParams(f"{label}: {distinct} values of {names[0]}", fontSize=12, fontWeight="normal")
        both = (dots, strokes.encode(x=across, y=alt.value(_SIDE)))
        panels.append(alt.layer(*both, title=head).properties(width=_SIDE, height=_SIDE))
    best = {label: max(t[2] for t in trials) for label, trials in searches.items()}
    told = ", ".join(f"{label} {readable(score)}" for label, score in best.items())
    rows = [[label, len(t), len({a for a, _, _ in t}), best[label]] for label, t in searches.items()]
    table = Table(["search", "trials", f"values of {names[0]}", f"best {metric}"], rows)
    text = "Each point is a trial; the stronger its color, the higher its score. "
    text += f"Ticks mark the values of {names[0]} that were tried. Best {metric}: {told}."
    return Picture(name, title, alt.concat(*panels, columns=len(panels), spacing=24), text, table, wide=True)


def _axis(numbers: Sequence[float], span: Sequence[int]) -> dict[str, Any]:
    """The scale and the axis of a setting, the same in every panel; span: its ends in pixels."""
    alt = altair()
    low, high = min(numbers), max(numbers)
    scale = {"domain": [low, high], "range": span, "padding": 8, "nice": False}
    if is_log(numbers):
        axis = alt.Axis(grid=False, values=ticks(low, high), labelExpr=label_of(low, high))
        return {"scale": alt.Scale(type="log", **scale), "axis": axis}
    return {
        "scale": alt.Scale(zero=False, **scale),
        "axis": alt.Axis(grid=False, tickCount=4, labelExpr=label_of(low, high)),
    }
