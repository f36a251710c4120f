"""The precision-recall curve: how often a predicted class is right, against how many of its rows are found."""

from collections.abc import Mapping
from typing import Any

from trainlab.report.json_fields import table
from trainlab.report.pictures._kit import level
from trainlab.report.pictures._ratings import lines, numbers_of, ratings, unit, where
from trainlab.report.pictures.numbers import listing, readable, share
from trainlab.report.pictures.picture import Picture
from trainlab.store.reading import RunRecord


def pictures(record: RunRecord) -> list[Picture]:
    """The curves of the best network on the rows that it was tested on."""
    return drawn(record.mistakes)


def drawn(facts: Mapping[str, Any]) -> list[Picture]:
    """A curve for each class, and the precision of a guess where it is one class. facts: see `roc.drawn`."""
    found = ratings(table(facts, "curves"))
    if not found:
        return []
    x, y = unit("x", "recall"), unit("y", "precision")
    rows = [
        {"class": one.name, "at": i, "threshold": t, "x": r, "y": p}
        for one in found
        for i, (t, r, p) in enumerate(zip(one.threshold, one.recall, one.precision, strict=True))
    ]
    one = found[0]
    back = level(one.share, f"a guess: {readable(one.share)}") if len(found) == 1 else []
    chart = lines(found, rows, x, y, back)
    ordered = sorted(found, key=lambda one: one.average_precision)
    areas = listing([f"{readable(one.average_precision)} (class {one.name})" for one in ordered], 4)
    text = f"Average precision on {where(facts)}: {areas}. "
    text += f"{share(one.share)} of the rows are {one.name}, the precision of a guess." if len(found) == 1 else ""
    return [Picture("precision-recall", "Precision and recall", chart, text.strip(), numbers_of(found))]
