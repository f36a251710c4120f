"""What pictures of a sweep share: values as they are drawn, the scores that are worth seeing."""

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

from trainlab.report.insights import is_number, log_axis, zero_on_log
from trainlab.report.pictures._kit import altair
from trainlab.report.pictures.numbers import readable
from trainlab.report.sweep_record import SweepRecord, TrialRow


def short(parameter: str) -> str:
    """The last part of a dotted path, two where it is a number or `name`.

    >>> short("optimizer.lr"), short("optimizer.name"), short("model.hidden.0")
    ('lr', 'optimizer.name', 'hidden.0')
    """
    parts = parameter.split(".")
    return ".".join(parts[-2:]) if parts[-1] == "name" or parts[-1].isdigit() else parts[-1]


def text(value: Any) -> str:
    """A value of a category as text."""
    return value if isinstance(value, str) else json.dumps(value)


def score_domain(sweep: SweepRecord, *, room: bool = True) -> tuple[float, float]:
    """From the best score to what is far off: hopeless trials would flatten all else, and are drawn at the edge."""
    scores = [t.score for t in sweep.ranked if t.score is not None]  # the best first
    if not scores:
        return 0.0, 1.0
    best, middle, worst = scores[0], scores[len(scores) // 2], scores[-1]
    fence = best + 5 * (middle - best)
    end = min(worst, fence) if sweep.lower else max(worst, fence)
    space = 0.04 * abs(end - best) if room else 0.0
    return min(best, end) - space, max(best, end) + space


def at_edge(sweep: SweepRecord) -> str:
    """A sentence on the trials that `score_domain` leaves outside, with a blank before it; empty if there are none."""
    low, high = score_domain(sweep)
    count = sum(not low <= t.score <= high for t in sweep.ranked if t.score is not None)
    if not count:
        return ""
    subject, verb = ("1 trial is", "stands") if count == 1 else (f"{count} trials are", "stand")
    return f" {subject} worse than {readable(high if sweep.lower else low)} and {verb} at the edge."


def shape(sweep: SweepRecord) -> Any:
    """The shape of a trial's point: where its `score` is not its `y`, a triangle that points out of the picture."""
    alt = altair()
    out = "triangle-up" if sweep.lower else "triangle-down"
    return alt.condition("datum.score == datum.y", alt.value("circle"), alt.value(out))


def place_of(sweep: SweepRecord, name: str, trials: Sequence[TrialRow]) -> Callable[[Any], float]:
    """From a value of a parameter to its place on an axis from 0 to 1: between the smallest and the largest of these
    trials, on the scale on which it was drawn; options stand at equal distances.
    """
    cells = [t.values[name] for t in trials]
    if is_number(sweep, name):
        if not log_axis(sweep, name):
            return scaled(min(cells), max(cells), log=False)
        zero = zero_on_log(sweep, name)
        place = scaled(min(cells) or zero, max(cells) or zero, log=True)
        return lambda value: place(value or zero)
    known = categories(cells)
    return lambda value: (known.index(text(value)) + 0.5) / len(known)


def scaled(low: float, high: float, *, log: bool) -> Callable[[Any], float]:
    """From a number to its place between low (0) and high (1)."""
    change: Callable[[float], float] = math.log if log else float
    span = change(high) - change(low)
    return lambda value: round((change(value) - change(low)) / span, 4) if span else 0.5


def categories(cells: Sequence[Any]) -> list[str]:
    """The different values as texts, sorted."""
    return sorted({text(v) for v in cells})


def distinct(names: list[str]) -> list[str]:
    """The names, those that occur several times with a number.

    >>> distinct(["lr", "units", "units"])
    ['lr', 'units (1)', 'units (2)']
    """
    return [n if names.count(n) == 1 else f"{n} ({names[: i + 1].count(n)})" for i, n in enumerate(names)]
