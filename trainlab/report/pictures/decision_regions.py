"""What a run with two inputs answers around its training rows, epoch by epoch: from regions.csv and data.json."""

from collections.abc import Sequence

import numpy as np

from trainlab.report.json_fields import lists, number, numbers, table, texts
from trainlab.report.pictures.picture import Picture
from trainlab.report.pictures.regions import Answers, Plane, regions
from trainlab.report.pictures.thinning import at_most
from trainlab.store.columns import REGION_COLUMNS, REGION_SYMBOLS, region_levels
from trainlab.store.reading import RunRecord

_MOMENTS = 30


def pictures(record: RunRecord) -> list[Picture]:
    """One picture that plays; none for a run with other inputs, and of an earlier version."""
    plane, side = _plane(record), int(number(table(record.data, "plane"), "side") or 0)
    columns = record.regions
    if plane is None or not 1 < side <= 400 or any(name not in columns for name in REGION_COLUMNS):
        return []
    rows = zip(*(columns[name] for name in ("epoch", "low", "high", "cells")), strict=True)
    found = {
        "before the first step" if epoch == 0 else f"epoch {epoch}": answers
        for epoch, low, high, cells in rows
        if (answers := _answers(str(cells), side, plane, low, high)) is not None
    }
    shown = {label: found[label] for label in at_most(list(found), _MOMENTS)}
    title = "Decision regions" if plane.classes else "The predicted surface"
    return [regions("regions", title, shown, plane, moving=len(shown) > 1)] if shown else []


def _plane(record: RunRecord) -> Plane | None:
    facts = table(record.data, "plane")
    names, ends = texts(facts, "names"), numbers(facts, "ends")
    points: Sequence[Sequence[float]] = [row for row in lists(facts, "points") if _is_point(row)]
    if len(names) != 2 or len(ends) != 4 or not points or not (ends[0] < ends[1] and ends[2] < ends[3]):
        return None
    known = np.array(points, np.float64)
    classes = tuple(texts(record.data, "classes"))
    y = known[:, 2].astype(np.int64) if classes else known[:, 2]
    return Plane((names[0], names[1]), (ends[0], ends[1], ends[2], ends[3]), known[:, :2], y, classes)


def _is_point(row: Sequence[object]) -> bool:
    return len(row) == 3 and all(isinstance(v, int | float) and abs(v) < 1e300 for v in row)


def _answers(cells: str, side: int, plane: Plane, low: float | None, high: float | None) -> Answers | None:
    """The answers behind the symbols of a row; None if they are damaged."""
    symbols = np.array([REGION_SYMBOLS.find(symbol) for symbol in cells]).reshape(-1)
    if symbols.size != side**2 or symbols.min() < 0:
        return None
    symbols = symbols.reshape(side, side)
    if plane.classes:
        levels = region_levels(max(2, len(plane.classes)))
        found = symbols // levels
        sure = (symbols % levels + 0.5) / levels if levels > 1 else None
        return Answers(found, sure) if found.max() < max(2, len(plane.classes)) else None
    if low is None or high is None or not np.isfinite(high - low):
        return None
    return Answers(low + (high - low) * symbols / (len(REGION_SYMBOLS) - 1))
