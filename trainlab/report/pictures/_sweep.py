"""What pictures of a sweep share: values as they are drawn, the good region, the scores that are worth seeing."""

import json
from typing import Any

from trainlab.report.sweep_record import SweepRecord, TrialRow


def short(parameter: str) -> str:
    """The last part of a dotted path, two where it is a number or `name`.

    >>> short("optimizer.lr"), short("optimizer.name"), short("model.hidden.0")
    ('lr', 'optimizer.name', 'hidden.0')
    """
    parts = parameter.split(".")
    return ".".join(parts[-2:]) if parts[-1] == "name" or parts[-1].isdigit() else parts[-1]


def is_number(sweep: SweepRecord, parameter: str) -> bool:
    """Whether every trial's value of a parameter is a number."""
    cells = [t.values.get(parameter) for t in sweep.trials]
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in cells if v is not None)


def text(value: Any) -> str:
    """A value of a category as text."""
    return value if isinstance(value, str) else json.dumps(value)


def good(sweep: SweepRecord) -> list[TrialRow]:
    """The best quarter of the scored trials, three at least."""
    return sweep.ranked[: max(3, len(sweep.ranked) // 4)]


def log_axis(sweep: SweepRecord, parameter: str) -> bool:
    """Whether a parameter belongs on a logarithmic axis: drawn so, and all its values above zero."""
    cells = [t.values.get(parameter) for t in sweep.trials if t.values.get(parameter) is not None]
    return sweep.is_log(parameter) and all(isinstance(v, int | float) and v > 0 for v in cells)


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
