"""ROC, precision-recall and reliability curves of predicted probabilities, as plain data for reports.

Each class is judged against the rest: of two classes the positive one, of several each, or the worst ten.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from trainlab.core.types import Array, Task
from trainlab.nn.metrics.average_precision import AveragePrecision
from trainlab.nn.metrics.calibration_error import CalibrationError, binned
from trainlab.nn.metrics.roc_auc import RocAuc
from trainlab.nn.ranking import ranked

_CLASSES = 10
_Z = 1.96  # of the intervals: 95 %


def probability_curves(
    certainty: Array, t: Array, task: Task, *, measure: str = "probability", positive: int = 1, points: int = 100
) -> dict[str, Any]:
    """The curves of certainties (rows, classes) of rows with these targets.

    t: class indices (rows,), or 0 and 1 for each label (rows, labels) · measure: `probability`, or what the certainty
    is instead (`score`, `votes`): then there is no reliability · positive: which of two classes is judged · points: at
    most so many of each curve.

    `classes`: for each class or label its name, its number of rows, `roc_auc`, `average_precision`, and its `points`:
    threshold, recall (true positive rate), false_positive_rate and precision. A class with no rows, or all rows, has no
    curve. `reliability`: the probability of the positive class, of the predicted one of several, or of all labels,
    against how often it was right, in the bins of the metric `calibration_error`.
    """
    names = task.names or tuple(map(str, range(task.outputs)))
    two = task.kind == "classification" and task.outputs == 2
    scores = _scores(certainty, task, measure)
    truth = t > 0.5 if t.ndim == 2 else t.astype(np.int64)[:, None] == np.arange(task.outputs)
    counts, ones = truth.sum(axis=0), np.ones(len(t))
    known = [i for i in ([positive] if two else range(task.outputs)) if 0 < counts[i] < len(t)]
    areas = {i: RocAuc().each(truth[:, i], scores[:, i], ones) for i in known}
    shown = sorted(sorted(known, key=areas.__getitem__)[:_CLASSES])
    facts: dict[str, Any] = {"measure": measure, "rows": len(t)}
    facts["classes"] = [
        {
            "class": names[i],
            "rows": int(counts[i]),
            "roc_auc": areas[i],
            "average_precision": AveragePrecision().each(truth[:, i], scores[:, i], ones),
            "points": _points(truth[:, i], scores[:, i], points),
        }
        for i in shown
    ]
    if len(known) > len(shown):
        facts["more_classes"] = len(known) - len(shown)
    if measure == "probability" and len(t):
        facts["reliability"] = _reliability(*_sure(scores, truth, task, positive), names[positive] if two else None)
    return facts


def _scores(certainty: Array, task: Task, measure: str) -> Array:
    """A score for each class or label, larger the more likely it is. Of two scores of hinge the lead of one counts."""
    scores = np.asarray(certainty, np.float64)
    if task.kind == "multilabel":
        return scores[:, -task.outputs :]  # a single label has the probabilities of both answers
    if measure == "score" and task.outputs == 2:
        lead = scores[:, -1] - scores[:, 0] if scores.shape[1] == 2 else scores[:, 0]
        return np.stack([-lead, lead], axis=1)
    return scores


def _sure(p: Array, truth: Array, task: Task, positive: int) -> tuple[Array, Array]:
    """The probabilities that are judged, and whether each came true."""
    if task.kind == "multilabel":
        return p.ravel(), truth.ravel()
    if task.outputs == 2:
        return p[:, positive], truth[:, positive]
    return p.max(axis=1), truth[np.arange(len(p)), p.argmax(axis=1)]


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


def _reliability(sure: Array, right: Array, name: str | None) -> dict[str, Any]:
    """Bins of the predicted probability with how often it was right, and the 95 % interval of that share.

    Source of the interval: Wilson 1927.
    """
    bins = binned(sure, CalibrationError().bins)
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
    error = sum(one["rows"] * abs(one["probability"] - one["frequency"]) for one in facts) / len(sure)
    return {"class": name, "calibration_error": error, "bins": facts}


def _short(values: Array | Sequence[float]) -> list[float]:
    return [float(f"{v:.5g}") for v in np.asarray(values).tolist()]
