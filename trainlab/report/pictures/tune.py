"""Pictures of a tune: what the budget went to, and the scores of all trials, round by round."""

from typing import Any

from trainlab.report.json_fields import table
from trainlab.report.pictures._kit import altair, layered, values
from trainlab.report.pictures.numbers import readable, share
from trainlab.report.pictures.picture import Picture, Table
from trainlab.report.text import duration
from trainlab.report.tune_record import TuneRecord

_SHORT = 0.002  # share of the time below which a step is left out of the timeline


def pictures(tune: TuneRecord) -> list[Picture]:
    """The timeline and the scores; nothing before the first step."""
    return [*_timeline(tune), *_scores(tune)]


def _timeline(tune: TuneRecord) -> list[Picture]:
    """A bar per step from its begin to its end."""
    whole = tune.seconds
    if not whole:
        return []
    alt = altair()
    begun, rows = 0.0, list[dict[str, Any]]()
    for name, took in tune.took.items():
        if took >= _SHORT * whole:
            title = _title(tune, name)
            rows.append({"step": title, "from": begun, "to": begun + took, "took": duration(took)})
        begun += took
    order = [row["step"] for row in rows]
    y = alt.Y("step:N", sort=order, title=None, axis=alt.Axis(ticks=False, domain=False, labelLimit=190))
    x = alt.X(
        "from:Q", title="seconds", axis=alt.Axis(grid=True, tickCount=5), scale=alt.Scale(domain=[0, whole], nice=False)
    )
    tips = [alt.Tooltip("step:N"), alt.Tooltip("took:N", title="time")]
    bars = alt.Chart(values(rows)).mark_bar(style="bar", height={"band": 0.6})
    chart = bars.encode(x=x, x2=alt.X2("to:Q"), y=y, tooltip=tips).properties(
        width="container", height=max(90, 26 * len(rows))
    )
    longest = max(tune.took, key=lambda name: tune.took[name])
    text = f"{duration(whole)} in all; the longest step, {_title(tune, longest)}, took "
    text += f"{share(tune.took[longest] / whole)}."
    cells = [[_title(tune, n), readable(s), *_cost(tune, n)] for n, s in tune.took.items()]
    titles = ["step", "seconds", "networks trained", "epochs"]
    return [Picture("timeline", "What the budget went to", chart, text, Table(titles, cells))]


def _title(tune: TuneRecord, name: str) -> str:
    """The title of a step, with its number where there are several."""
    kind, dash, number = name.partition("-")
    title = str(tune.steps[name].get("title") or kind)
    return f"{title} {number}" if dash else title


def _cost(tune: TuneRecord, name: str) -> list[Any]:
    cost = table(dict(tune.steps[name]), "cost")
    return [cost.get("runs"), cost.get("epochs_trained")]


def _scores(tune: TuneRecord) -> list[Picture]:
    """A point per trial, in its round's color; the best so far of each round."""
    results = tune.results
    if len(results) < 2:
        return []
    alt = altair()
    ordered = sorted((r["score"] for r in results), reverse=not tune.lower)
    best, middle, worst = ordered[0], ordered[len(ordered) // 2], ordered[-1]
    far = best + 5 * (middle - best)
    end = min(worst, far) if tune.lower else max(worst, far)
    low, high = min(best, end), max(best, end)
    room = 0.04 * (high - low)
    rows = [
        {
            "n": i,
            "y": min(max(r["score"], low), high),
            "score": r["score"],
            "round": f"round {r['round']}",
            "trial": r["trial"],
        }
        for i, r in enumerate(results, start=1)
    ]
    y = alt.Y(
        "y:Q",
        title=tune.metric,
        scale=alt.Scale(domain=[low - room, high + room], nice=False),
        axis=alt.Axis(tickCount=5, format="~g"),
    )
    x = alt.X("n:Q", title="trial", axis=alt.Axis(grid=False, tickCount=6), scale=alt.Scale(nice=False, zero=False))
    color = alt.Color("round:N", title=None, scale=alt.Scale(range="category"))
    tips = [alt.Tooltip("trial:N"), alt.Tooltip("score:Q", title=tune.metric, format=".4~g")]
    shape = alt.Shape("round:N", title=None)
    dots = (
        alt.Chart(values(rows))
        .mark_point(filled=True, size=46)
        .encode(x=x, y=y, color=color, shape=shape, tooltip=tips)
    )
    leader = next(r for r in results if r["score"] == best)
    text = f"{len(results)} trials in {results[-1]['round']} rounds; the best {tune.metric} of a search is "
    text += f"{readable(best)}, in {leader['trial']}. "
    text += "Trials of round 1 are short."
    titles = ["trial", tune.metric, "epochs"]
    cells = [[r["trial"], r["score"], r["epochs"]] for r in results]
    return [Picture("scores", "All trials", layered(dots, height=260), text, Table(titles, cells))]
