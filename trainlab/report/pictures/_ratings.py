"""ROC and precision-recall curves as charts want them: from the `curves` of mistakes.json, or of an evaluation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trainlab.report.json_fields import number, numbers, table, tables
from trainlab.report.pictures._kit import altair, layered, values
from trainlab.report.pictures.picture import Chart, Table
from trainlab.report.pictures.thinning import at_most

HEIGHT = 300


@dataclass(frozen=True, slots=True)
class Rating:
    """One class against the rest: at each threshold, from the highest to the lowest, what is reached."""

    name: str
    rows: int
    share: float
    roc_auc: float
    average_precision: float
    threshold: Sequence[float]
    recall: Sequence[float]
    false_positive_rate: Sequence[float]
    precision: Sequence[float]


def ratings(curves: Mapping[str, Any]) -> list[Rating]:
    """The classes that have whole curves."""
    total = number(curves, "rows") or 0
    found: list[Rating] = []
    for one in tables(curves, "classes"):
        columns = [numbers(table(one, "points"), name) for name in _COLUMNS]
        facts = [number(one, name) for name in ("rows", "roc_auc", "average_precision")]
        rows, auc, precision = (v if v is not None else -1.0 for v in facts)
        if columns[0] and len({len(c) for c in columns}) == 1 and total >= rows > 0 and min(auc, precision) >= 0:
            found.append(Rating(str(one.get("class")), int(rows), rows / total, auc, precision, *columns))
    return found


_COLUMNS = ("threshold", "recall", "false_positive_rate", "precision")


def where(facts: Mapping[str, Any]) -> str:
    """The rows that were judged, in words: `240 test rows`."""
    part = str(facts.get("part"))
    split = {"test": "test rows", "val": "validation rows", "train": "training rows"}.get(part)
    return f"{int(number(facts, 'rows') or 0)} {split or f'rows of {part}'}"


def lines(found: Sequence[Rating], rows: Sequence[Mapping[str, Any]], x: Any, y: Any, back: list[Chart]) -> Chart:
    """A line for each class, colored if there are several, over what lies behind them. rows: class, at, x and y.

    x, y: the axes, as `unit` gives them.
    """
    alt = altair()
    data = alt.Chart(values(rows))
    shown = {"threshold": "threshold", "x": x["title"], "y": y["title"]}
    tips = [alt.Tooltip(f"{field}:Q", title=title, format=".3~g") for field, title in shown.items()]
    x, y = alt.X(**x), alt.Y(**y)
    order = alt.Order("at:Q")
    if len(found) == 1:
        line = data.mark_line(style="best").encode(x=x, y=y, order=order)
    else:
        color = alt.Color("class:N", title=None, sort=[one.name for one in found], legend=alt.Legend(columns=5))
        line = data.mark_line(strokeWidth=2).encode(x=x, y=y, color=color, order=order)
        tips.insert(0, alt.Tooltip("class:N"))
    dots = data.mark_point(opacity=0, size=120).encode(x=x, y=y, tooltip=tips)
    return layered(*back, line, dots, height=HEIGHT)


def unit(field: str, title: str) -> dict[str, Any]:
    """An axis from 0 to 1, as arguments of `alt.X` or `alt.Y`."""
    alt = altair()
    axis = alt.Axis(values=[0, 0.2, 0.4, 0.6, 0.8, 1], format=".1f", grid=field == "y")
    return {"shorthand": f"{field}:Q", "title": title, "axis": axis, "scale": alt.Scale(domain=[0, 1], nice=False)}


def numbers_of(found: Sequence[Rating]) -> Table:
    """Some thresholds of each class with what is reached there."""
    few = max(4, 40 // len(found))
    rows = [
        [one.name, *at]
        for one in found
        for at in at_most(
            list(zip(one.threshold, one.recall, one.false_positive_rate, one.precision, strict=True)), few
        )
    ]
    return Table(["class", "threshold", "recall", "false positive rate", "precision"], rows)
