"""The scores of groups of runs, seeds or other repeats, each with the interval of its mean."""

from collections.abc import Sequence
from typing import Any

from trainlab.core.metric_names import bounds
from trainlab.report.compare import labels, shown
from trainlab.report.groups import ALL, Group, grouped
from trainlab.report.pictures._kit import altair, values
from trainlab.report.pictures.numbers import readable
from trainlab.report.pictures.picture import Picture, Table
from trainlab.store.reading import RunRecord


def groups_of(records: Sequence[RunRecord], metric: str, group_by: Sequence[str]) -> list[Group]:
    """The runs by these keys; without keys by their whole config but the seed, if that brings any two together."""
    found = grouped(records, group_by or [ALL], metric)
    return found if group_by or any(len(group.rows) > 1 for group in found) else []


def names(groups: Sequence[Group]) -> list[str]:
    """What tells each group from the others, short."""
    keys = dict.fromkeys(key for group in groups for key in group.values)
    found = labels({key: [group.values.get(key) for group in groups] for key in keys}, len(groups))
    alone = [", ".join(f"{key.split('.')[-1]} {shown(value)}" for key, value in g.values.items()) for g in groups]
    return _distinct([text or other or "all runs" for text, other in zip(found, alone, strict=True)])


def pictures(records: Sequence[RunRecord], metric: str, group_by: Sequence[str]) -> list[Picture]:
    """A line a group: every run a point, the mean and its 95 % interval over them."""
    groups = [group for group in groups_of(records, metric, group_by) if group.best is not None][:40]
    if not groups:
        return []
    alt = altair()
    told = names(groups)
    spreads: list[dict[str, Any]] = []
    points: list[dict[str, Any]] = []
    for name, group in zip(told, groups, strict=True):
        if group.best is None:
            continue
        half = group.best.half or 0.0
        mean = group.best.mean
        least, most = bounds(group.metric)
        low, high = max(least, mean - half), min(most, mean + half)
        spreads.append({"group": name, "mean": mean, "low": low, "high": high, "n": group.best.count})
        points += [{"group": name, "score": row.best, "run": row.name} for row in group.rows if row.best is not None]
    y = alt.Y("group:N", sort=told, title=None, axis=alt.Axis(grid=True, ticks=False, domain=False, labelLimit=170))
    axis = alt.Axis(grid=False, tickCount=5, format="~g")
    x = alt.X("score:Q", title=groups[0].metric, scale=alt.Scale(zero=False), axis=axis)
    base = alt.Chart(values(spreads)).encode(y=y)
    tips = [alt.Tooltip("group:N"), alt.Tooltip("mean:Q", format=".4~g"), alt.Tooltip("n:Q", title="runs")]
    tips += [alt.Tooltip("low:Q", format=".4~g"), alt.Tooltip("high:Q", format=".4~g")]
    dots = alt.Chart(values(points)).mark_point(style="faint-point", size=38)
    charts = [
        dots.encode(x=x, y=y, tooltip=[alt.Tooltip("run:N"), alt.Tooltip("score:Q", format=".4~g")]),
        base.mark_rule(style="whisker", strokeWidth=2).encode(x=alt.X("low:Q"), x2=alt.X2("high:Q"), tooltip=tips),
        base.mark_point(style="best-point", size=80).encode(x=alt.X("mean:Q"), tooltip=tips),
    ]
    chart = alt.layer(*charts).properties(width="container", height=max(110, 30 * len(told)))
    rows = [[n, s["n"], s["mean"], s["low"], s["high"]] for n, s in zip(told, spreads, strict=True)]
    first = groups[0].best
    text = f"{len(groups)} groups by {groups[0].metric}; bars are 95 % intervals of the mean (Student's t). "
    text += f"The best group, {told[0]}, has {first.text() if first else '?'} over {first.count if first else 0} runs."
    if any(group.best and group.best.half is None for group in groups):
        text += " A group of one run has no interval."
    table = Table(["group", "runs", "mean", "low", "high"], [[n, *(told_or(v) for v in r)] for n, *r in rows])
    return [Picture("groups", "Groups with intervals", chart, text, table, wide=True)]


def told_or(value: object) -> str:
    """A number for people, anything else as it is."""
    return readable(value) if isinstance(value, int | float) else str(value)


def _distinct(texts: list[str]) -> list[str]:
    return [t if texts.count(t) == 1 else f"{t} ({texts[: i + 1].count(t)})" for i, t in enumerate(texts)]
