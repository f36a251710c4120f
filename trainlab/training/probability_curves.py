"""ROC, precision-recall and reliability curves of predicted probabilities, as plain data for reports.

Each class is judged against the rest: of two classes the positive one, of several each, or the worst ten.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from trainlab.core.component import make
from trainlab.core.types import Array, Task
from trainlab.nn.metric import Metric, MetricInput
from trainlab.nn.metrics.calibration_error import CalibrationError, binned
from trainlab.nn.ranking import ranked

_CLASSES = 10
_Z = 1.96  # of the intervals: 95 %


def probability_curves(
    certainty: Array, classes: Array, task: Task, *, measure: str = "probability", positive: int = 1, points: int = 100
) -> dict[str, Any]:
    """The curves of certainties (rows, classes) of rows of these classes (rows,).

    measure: `probability`, or what the certainty is instead (`score`, `votes`): then there is no reliability ·
    positive: which of two classes is judged · points: at most so many of each curve.

    `classes`: for each class its name, its number of rows, `roc_auc`, `average_precision`, and its `points`: threshold,
    recall (true positive rate), false_positive_rate and precision. A class with no rows, or all rows, has no curve.
    `reliability`: the probability of the positive class, or of the predicted one of several, against how often it was
    right, in the bins of the metric `calibration_error`.
    """
    names = task.names or tuple(map(str, range(task.outputs)))
    rows = _input(certainty, classes, task, measure)
    assert rows.scores is not None  # noqa: S101 - as made above, for the type checker
    judged = [positive] if task.outputs == 2 else range(task.outputs)
    counts = np.bincount(classes.astype(np.int64), minlength=task.outputs)
    known = [i for i in judged if 0 < counts[i] < len(classes)]
    areas = {i: make(Metric, "roc_auc", **{"class": names[i]}).value(rows) for i in known}
    shown = sorted(sorted(known, key=areas.__getitem__)[:_CLASSES])
    facts: dict[str, Any] = {"measure": measure, "rows": len(classes)}
    facts["classes"] = [
        {
            "class": names[i],
            "rows": int(counts[i]),
            "roc_auc": areas[i],
            "average_precision": make(Metric, "average_precision", **{"class": names[i]}).value(rows),
            "points": _points(classes == i, rows.scores[:, i], points),
        }
        for i in shown
    ]
    if len(known) > len(shown):
        facts["more_classes"] = len(known) - len(shown)
    if measure == "probability" and len(classes):
        facts["reliability"] = _reliability(rows, positive if task.outputs == 2 else None)
    return facts


def _input(certainty: Array, classes: Array, task: Task, measure: str) -> MetricInput:
    """The scores of hinge's two outputs are compared with each other: the larger lead is the more certain."""
    scores = np.asarray(certainty, np.float64)
    if measure == "score" and task.outputs == 2:
        lead = scores[:, -1] - scores[:, 0] if scores.shape[1] == 2 else scores[:, 0]
        scores = np.stack([-lead, lead], axis=1)
    given = scores if measure == "probability" else None
    return MetricInput(task, classes, scores.argmax(axis=1), scores, given)


def _points(truth: Array, score: Array, most: int) -> dict[str, list[float]]:
    """The curve at thresholds that lie evenly along its length, so that no bend is lost."""
    true, false, at = ranked(truth, score, np.ones(len(score)))
    recall, precision, along = true / true[-1], true / (true + false), false / false[-1]
    steps = np.abs(np.diff(np.stack([recall, precision, along]), axis=1)).sum(axis=0)
    length = np.concatenate([[0.0], np.cumsum(steps)])
    even = np.linspace(0.0, float(length[-1]), most)
    kept = np.unique(np.minimum(np.searchsorted(length, even, side="left"), len(at) - 1))
    columns = {"threshold": at, "recall": recall, "false_positive_rate": along, "precision": precision}
    return {name: _short(values[kept]) for name, values in columns.items()}


def _reliability(rows: MetricInput, positive: int | None) -> dict[str, Any]:
    """Bins of the predicted probability with how often it was right, and the 95 % interval of that share.

    Source of the interval: Wilson 1927.
    """
    p, t = rows.scores, rows.t
    assert p is not None  # noqa: S101 - made by `_input`, for the type checker
    sure, right = (p.max(axis=1), rows.y == t) if positive is None else (p[:, positive], t == positive)
    name = None if positive is None else (rows.task.names or ("0", "1"))[positive]
    metric = CalibrationError.model_validate({"class": name})
    bins = binned(sure, metric.bins)
    facts: list[dict[str, float]] = []
    for i in np.unique(bins).tolist():
        inside = bins == i
        n, share = int(inside.sum()), float(right[inside].mean())
        middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
        half = _Z / (1 + _Z**2 / n) * float(np.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2)))
        low, high = max(0.0, middle - half), min(1.0, middle + half)
        facts.append(
            {"rows": n, "probability": float(sure[inside].mean()), "frequency": share, "low": low, "high": high}
        )
    return {"class": name, "calibration_error": metric.value(rows), "bins": facts}


def _short(values: Array | Sequence[float]) -> list[float]:
    return [float(f"{v:.5g}") for v in np.asarray(values).tolist()]
