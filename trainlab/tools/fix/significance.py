"""Whether the difference of two scores is larger than chance explains."""

from collections.abc import Sequence
from math import isfinite

_OF_VARIANCE = ("r2", "explained_variance")
LEAST = 0.005  # a smaller gain is not worth a change of the config
_SURE, _LIKELY = 3.0, 2.0  # standard errors that a gain must exceed, for one pair of runs and for several


def worst(kind: str) -> float:
    """The score of a run that reached none: an accuracy of 0, or an R2 of -1, below which R2 means nothing more."""
    return -1.0 if kind in _OF_VARIANCE else 0.0


def bounded(kind: str, value: float | None) -> float:
    """The score, or the worst one where it is missing, not finite or below that."""
    return max(worst(kind), value) if value is not None and isfinite(value) else worst(kind)


def standard_error(kind: str, value: float, rows: int) -> float:
    """The standard error of a score on so many rows: sqrt(p (1 - p) / n), or about 2 r (1 - r^2) / sqrt(n) for R2.

    >>> round(standard_error("accuracy", 0.9, 900), 3), round(standard_error("r2", 0.81, 100), 3)
    (0.01, 0.034)
    """
    n = max(1, rows)
    if kind in _OF_VARIANCE:
        known = min(0.95, max(0.05, value))
        return 2 * known**0.5 * (1 - known) / n**0.5
    p = min(1 - 0.5 / n, max(0.5 / n, value))
    return (p * (1 - p) / n) ** 0.5


def noise(kind: str, pairs: Sequence[tuple[float, float]], rows: int) -> float:
    """The standard error of the mean gain over (before, after) pairs, from the rows or the spread of gains."""
    n = len(pairs)
    of_rows = sum(standard_error(kind, value, rows) ** 2 for pair in pairs for value in pair) ** 0.5 / n
    if n < 2:
        return of_rows
    gains = [after - before for before, after in pairs]
    middle = sum(gains) / n
    return max(of_rows, (sum((g - middle) ** 2 for g in gains) / (n - 1) / n) ** 0.5)


def mean_gain(pairs: Sequence[tuple[float, float]]) -> float:
    """The mean gain of (before, after) pairs."""
    return sum(after - before for before, after in pairs) / len(pairs)


def is_significant(kind: str, pairs: Sequence[tuple[float, float]], rows: int) -> bool:
    """Whether the mean gain is larger than chance explains.

    >>> is_significant("accuracy", [(0.90, 0.92)], 500), is_significant("accuracy", [(0.80, 0.90)], 500)
    (False, True)
    """
    limit = (_SURE if len(pairs) == 1 else _LIKELY) * noise(kind, pairs, rows)
    return mean_gain(pairs) > max(LEAST, limit)


def is_hopeless(kind: str, pairs: Sequence[tuple[float, float]], rows: int) -> bool:
    """Whether the gain is so small that more pairs would hardly make it significant."""
    return mean_gain(pairs) < max(LEAST, noise(kind, pairs, rows) / 2)
