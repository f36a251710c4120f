"""The confusion matrix of the best network: a row per true class, a column per predicted class."""

from collections.abc import Mapping
from typing import Any

from trainlab.report.json_fields import lists, texts
from trainlab.report.pictures._kit import altair, values
from trainlab.report.pictures._ratings import where
from trainlab.report.pictures.numbers import listing, share
from trainlab.report.pictures.picture import Picture, Table
from trainlab.store.reading import RunRecord

_WRITTEN = 16  # classes, up to which the counts are written into the cells


def pictures(record: RunRecord) -> list[Picture]:
    """The confusion matrix of the best network on the rows that it was tested on."""
    return drawn(record.mistakes, texts(record.data, "classes"))


def drawn(facts: Mapping[str, Any], classes: list[str]) -> list[Picture]:
    """The matrix, colored by the share of each true class; correct and wrong on one scale.

    facts: `confusion`, `part` and `epoch`.
    """
    counts = lists(facts, "confusion")
    if not counts or any(len(row) != len(counts) for row in counts):
        return []
    names = _names(classes, len(counts))
    rows: list[dict[str, Any]] = []
    for i, row in enumerate(counts):
        for j, n in enumerate(row):
            rows.append({"i": i, "j": j, "true": names[i], "said": names[j], "n": n, "share": n / max(1, sum(row))})
    told = _sentence(facts, counts, names)
    return [Picture("confusion", "Confusion", _chart(rows, names), told, _table(counts, names))]


def _chart(rows: list[dict[str, Any]], names: list[str]) -> Any:
    alt = altair()
    order = list(dict.fromkeys(names))
    tilt = 0 if max(map(len, names)) <= 3 else -40
    above = alt.Axis(labelAngle=tilt, domain=False, ticks=False, orient="top")
    x = alt.X("said:N", sort=order, title="predicted", axis=above)
    y = alt.Y("true:N", sort=order, title="true", axis=alt.Axis(domain=False, ticks=False))
    color = alt.Color("share:Q", legend=None, scale=alt.Scale(range="ramp", type="sqrt", domain=[0, 1]))
    tips = [alt.Tooltip("true:N"), alt.Tooltip("said:N", title="predicted"), alt.Tooltip("n:Q", title="rows")]
    tips.append(alt.Tooltip("share:Q", title="of the class", format=".1%"))
    base = alt.Chart(values(rows)).encode(x=x, y=y)
    charts = [base.mark_rect().encode(color=color, tooltip=tips)]
    if len(names) <= _WRITTEN:
        numbers = base.transform_filter("datum.n > 0").encode(text=alt.Text("n:Q"))
        charts.append(numbers.transform_filter("datum.share >= 0.35").mark_text(style="on-dense"))
        charts.append(numbers.transform_filter("datum.share < 0.35").mark_text(style="on-thin"))
    return alt.layer(*charts).properties(width="container", height=max(150, min(560, 28 * len(names))))


def _sentence(facts: Mapping[str, Any], counts: list[list[int]], names: list[str]) -> str:
    total = sum(map(sum, counts))
    right = sum(counts[i][i] for i in range(len(counts)))
    text = f"{share(right / max(1, total))} of {where({**facts, 'rows': total})} are correct"
    text += f", with the weights of epoch {facts['epoch']}. " if facts.get("epoch") is not None else ". "
    pairs = [(n, i, j) for i, row in enumerate(counts) for j, n in enumerate(row) if i != j and n]
    often = sorted(pairs, key=lambda p: (-p[0], p[1], p[2]))[:3]
    if not often:
        return text + "There are no errors."
    return text + "Most often: " + listing([f"{names[i]} predicted as {names[j]} ({n})" for n, i, j in often]) + "."


def _table(counts: list[list[int]], names: list[str]) -> Table:
    return Table(["true \\ answered", *names], [[names[i], *row] for i, row in enumerate(counts)])


def _names(found: list[str], count: int) -> list[str]:
    """The names of the classes, each once."""
    names = found if len(found) == count else [str(i) for i in range(count)]
    return [name if names.count(name) == 1 else f"{name} ({i})" for i, name in enumerate(names)]
