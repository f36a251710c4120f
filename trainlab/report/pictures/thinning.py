"""Curves thinned before they are drawn: lowest and highest of each column of pixels, and a smoothed line in between."""

import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from trainlab.core.types import Array

T = TypeVar("T")
COLUMNS = 240  # columns of pixels that a curve is thinned to


def band(
    x: Sequence[float], y: Sequence[float | None], columns: int = COLUMNS, width: int = 4
) -> dict[str, list[float]]:
    """The curve in at most so many columns: `x` (middle), `low`, `high`, and `smooth`, a centred running mean.

    `width`: of the mean, see `smooth`; 0 leaves the mean of each column as it is.

    No spike gets lost: each column keeps its lowest and highest value. What is not finite is left out.

    >>> thin = band(range(6), [1, 3, 2, 6, 5, 4], columns=2)
    >>> thin["x"], thin["low"], thin["high"]
    ([1.0, 4.0], [1.0, 4.0], [3.0, 6.0])
    """
    xs = np.asarray(x, np.float64)
    ys: Array = np.array([math.nan if v is None else v for v in y], np.float64)
    fine = np.isfinite(ys)
    xs, ys = xs[fine], ys[fine]
    if not len(xs):
        return {"x": [], "low": [], "high": [], "smooth": []}
    groups = min(columns, len(xs))
    starts = np.arange(groups) * len(xs) // groups
    counts = np.diff(np.append(starts, len(xs)))
    return {
        "x": _short(np.add.reduceat(xs, starts) / counts),
        "low": _short(np.minimum.reduceat(ys, starts)),
        "high": _short(np.maximum.reduceat(ys, starts)),
        "smooth": _short(smooth(np.add.reduceat(ys, starts) / counts, width)),
    }


def smooth(values: Array, width: int = 4) -> Array:
    """The mean of each value and its neighbors, `width` to either side; at the ends of as many as there are on both.

    Centred, so that it does not lag behind a steep start as an exponential average does, which first has to forget
    where it began. At each end the window shrinks evenly: the first and the last value stay what they are.

    >>> smooth(np.array([8.0, 4.0, 2.0, 1.0, 1.0]), width=1).round(2).tolist()
    [8.0, 4.67, 2.33, 1.33, 1.0]
    """
    n = len(values)
    place = np.arange(n)
    reach = np.minimum(np.minimum(place, n - 1 - place), width)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    return (sums[place + reach + 1] - sums[place - reach]) / (2 * reach + 1)


def at_most(rows: Sequence[T], count: int) -> list[T]:
    """At most so many of the rows, evenly spread, the first and the last among them.

    >>> at_most([0, 1, 2, 3, 4, 5, 6], 3)
    [0, 3, 6]
    """
    if len(rows) <= count:
        return list(rows)
    return [rows[round(i * (len(rows) - 1) / (count - 1))] for i in range(count)]


def extremes(points: Sequence[tuple[float, float]], columns: int = COLUMNS) -> list[tuple[float, float]]:
    """The points that a line through all of them shows in so many columns of pixels: of each column the first, the
    lowest, the highest and the last.

    >>> extremes([(0, 1), (1, 2), (2, 1), (3, 9), (4, 1), (5, 2), (6, 0), (7, 1), (8, 1), (9, 1)], columns=2)
    [(0, 1), (3, 9), (4, 1), (5, 2), (6, 0), (9, 1)]
    """
    if len(points) <= 4 * columns:
        return list(points)
    kept: set[int] = set()
    for i in range(columns):
        column = range(i * len(points) // columns, (i + 1) * len(points) // columns)
        ys = [points[place][1] for place in column]
        kept |= {column[0], column[ys.index(min(ys))], column[ys.index(max(ys))], column[-1]}
    return [points[place] for place in sorted(kept)]


def short(value: float | None) -> float | None:
    """A number to five digits, None where it is not finite: what a chart needs of it.

    >>> short(0.123456789), short(float("nan"))
    (0.12346, None)
    """
    return float(f"{value:.5g}") if value is not None and math.isfinite(value) else None


def _short(values: Array) -> list[float]:
    return [float(f"{v:.5g}") for v in values.tolist()]
