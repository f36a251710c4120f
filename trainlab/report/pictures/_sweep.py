"""What pictures of a sweep share: values as they are drawn, the scores that are worth seeing."""

import json
from typing import Any

from trainlab.report.sweep_record import SweepRecord


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
