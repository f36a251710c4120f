"""Trials of two settings as points: how a grid and random search cover the range of each of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from trainlab.report.pictures._kit import altair, is_log
from trainlab.report.pictures.numbers import readable
from trainlab.report.pictures.picture import Picture, Table

_SIDE, _TICK = 230, 14

Trials = Sequence[tuple[float, float, float]]


def searched(name: str, title: str, searches: Mapping[str, Trials], names: tuple[str, str], metric: str) -> Picture:
    """One panel for each search: its trials (first setting, second setting, score), darker where the score is higher,
    and a tick at each value that was tried of the first setting.
    """
    alt = altair()
    everything = [trial for trials in searches.values() for trial in trials]
    kinds = ["log" if is_log([t[i] for t in everything]) else "linear" for i in (0, 1)]
    scores = alt.Scale(domain=[min(t[2] for t in everything), max(t[2] for t in everything)], scheme="viridis")
    panels: list[object] = []
    for label, trials in searches.items():
        data = alt.Data(values=[{"a": a, "b": b, "score": float(f"{s:.4g}")} for a, b, s in trials])
        across = alt.X("a:Q", title=names[0], scale=_scale(kinds[0]),
                       axis=alt.Axis(grid=False, tickCount=4, format=".0e" if kinds[0] == "log" else ""))  # fmt: skip
        up = alt.Y("b:Q", title=names[1], scale=_scale(kinds[1]),
                   axis=alt.Axis(grid=False, tickCount=4))  # fmt: skip
        color = alt.Color("score:Q", title=metric.replace("_", " "), scale=scores, legend=alt.Legend(orient="right"))
        dots = alt.Chart(data).mark_circle(size=90, opacity=1).encode(x=across, y=up, color=color)
        ticks = alt.Chart(data).mark_tick(style="whisker", thickness=1.5, size=_TICK, yOffset=-4, orient="vertical")
        distinct = len({t[0] for t in trials})
        head = alt.TitleParams(f"{label}: {distinct} values of {names[0]}", fontSize=12, fontWeight="normal")
        both = (dots, ticks.encode(x=across, y=alt.value(_SIDE)))
        panels.append(alt.layer(*both, title=head).properties(width=_SIDE, height=_SIDE))
    best = {label: max(t[2] for t in trials) for label, trials in searches.items()}
    told = ", ".join(f"{label} {readable(score)}" for label, score in best.items())
    rows = [[label, len(t), len({a for a, _, _ in t}), best[label]] for label, t in searches.items()]
    table = Table(["search", "trials", f"values of {names[0]}", f"best {metric}"], rows)
    text = f"Each point is a trial; ticks mark the values of {names[0]} that were tried. Best {metric}: {told}."
    return Picture(name, title, alt.hconcat(*panels, spacing=24), text, table, wide=True)


def _scale(kind: str) -> Any:
    alt = altair()
    return alt.Scale(type="log", nice=False, padding=8) if kind == "log" else alt.Scale(zero=False, padding=8)
