"""Where the axis of a loss ends, so that a run that blew up does not stretch it."""

import math
from collections.abc import Iterable, Sequence
from statistics import median_low

_HIGHEST = 10.0  # times the first value of a loss: what lies above leaves the picture


def roof(lines: Iterable[Sequence[float]]) -> float:
    """Where the axis of a loss ends, so that a run that blew up does not stretch it: ten times the middle one of the
    lines' first values, and no higher than the highest value.

    >>> roof([[2.0, 1.0, 5.0], [3.0, 1e32], [1e9, 1e9]]), roof([[2.0, 1.0, 5.0]])
    (30.0, 5.0)
    """
    known = [line for line in lines if line]
    most = max((max(line) for line in known), default=math.inf)
    middle = median_low([line[0] for line in known]) if known else 0.0
    return min(most, _HIGHEST * middle) if middle > 0 else most


def roof_of_run(train: Sequence[float], val: Sequence[float], *, first: float | None = None) -> float:
    """The same for both losses of one run. first: its loss in the first step, where `train` is thinned."""
    start = [first] if first is not None else list(train[:1])
    return roof([[max([*start, *val[:1]]), *train, *val]]) if start or val else math.inf
