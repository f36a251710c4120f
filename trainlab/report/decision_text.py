"""The temperature and the threshold of a model in words: what they are, and on which rows they were fitted."""

from collections.abc import Mapping
from typing import Any

from trainlab.report.json_fields import number, numbers, table
from trainlab.report.pictures.numbers import readable


def decision_lines(decision: Mapping[str, Any], part: str = "") -> list[str]:
    """A sentence for each of both that there is. decision: as in decision.json · part: the split that is scored."""
    fitted_here = " These are the rows that are scored here, so the scores are too good." if part == "val" else ""
    return [line for line in (_temperature(decision), _threshold(decision, fitted_here)) if line]


def _temperature(decision: Mapping[str, Any]) -> str:
    found = table(decision, "temperature")
    value, rows, losses = number(found, "value"), number(found, "rows"), numbers(found, "log_loss")
    if value is None:
        return ""
    if reason := str(found.get("reason") or ""):
        return f"Temperature 1: none could be fitted, {reason}."
    text = f"Temperature {readable(value)}, fitted on {readable(rows)} validation rows"
    return text + (f" (log loss {readable(losses[0])} without it, {readable(losses[1])} with it)." if losses else ".")


def _threshold(decision: Mapping[str, Any], fitted_here: str) -> str:
    found = table(decision, "threshold")
    value, rows, scores = number(found, "value"), number(found, "rows"), numbers(found, "score")
    if value is None:
        return ""
    text = f"A row is `{found.get('positive')}` from a probability of {readable(value)} on, "
    if not rows:
        return text + "a threshold that was given."
    text += f"chosen on {readable(rows)} validation rows"
    metric = found.get("metric")
    return (
        text
        + (f" ({metric} {readable(scores[0])} at 0.5, {readable(scores[1])} there)." if scores else ".")
        + fitted_here
    )
