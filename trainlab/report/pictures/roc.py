"""The ROC curve: how many rows of a class are found, against how many others are taken for it."""

from collections.abc import Mapping
from typing import Any

from trainlab.report.json_fields import table
from trainlab.report.pictures._kit import altair, values
from trainlab.report.pictures._ratings import lines, numbers_of, ratings, unit, where
from trainlab.report.pictures.numbers import listing, readable
from trainlab.report.pictures.picture import Picture
from trainlab.store.reading import RunRecord


def pictures(record: RunRecord) -> list[Picture]:
    """The curves of the best network on the rows that it was tested on."""
    return drawn(record.mistakes)


def drawn(facts: Mapping[str, Any]) -> list[Picture]:
    """A curve for each class; on the diagonal lies a guess. facts: `curves`, `part` and `rows`."""
    found = ratings(table(facts, "curves"))
    if not found:
        return []
    alt = altair()
    x, y = unit("x", "false positive rate"), unit("y", "recall (true positive rate)")
    rows = [
        {"class": one.name, "at": i, "threshold": t, "x": f, "y": r}
        for one in found
        for i, (t, f, r) in enumerate(
            zip([None, *one.threshold], [0.0, *one.false_positive_rate], [0.0, *one.recall], strict=True)
        )
    ]
    guess = alt.Chart(values([{"x": 0.0, "y": 0.0, "x2": 1.0, "y2": 1.0}])).mark_rule(style="chance")
    chart = lines(
        found, rows, x, y, [guess.encode(x=alt.X("x:Q"), y=alt.Y("y:Q"), x2=alt.X2("x2:Q"), y2=alt.Y2("y2:Q"))]
    )
    ordered = sorted(found, key=lambda one: one.roc_auc)
    areas = listing([f"{readable(one.roc_auc)} (class {one.name})" for one in ordered], 4)
    text = f"Area under the curve on {where(facts)}: {areas}"
    text += "; a guess, the diagonal, has 0.5. A row of the class gets a larger score than another row that often."
    return [Picture("roc", "ROC", chart, text, numbers_of(found))]
