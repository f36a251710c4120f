"""Laws of metrics: range, direction, order of the rows, rows without a value."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from trainlab.core.errors import UserError
from trainlab.core.types import Array
from trainlab.nn.metric import Metric, MetricInput
from trainlab.tools.contract.losses import TASKS

_ROWS = 60


def in_range(metric: Metric) -> Iterator[str]:
    """It is finite and within its range."""
    for rows in _cases(metric):
        value, (low, high) = metric.value(rows), type(metric).range
        if not (np.isfinite(value) and low - 1e-12 <= value <= high + 1e-12):
            yield f"{value} is not within {low} to {high}, for a {rows.task.kind}"
    if not _cases(metric):
        yield '`tasks` is empty, or `check` refuses all tasks: set it to ("classification",), ("regression",) or both'


def direction(metric: Metric) -> Iterator[str]:
    """Right predictions are at least as good as wrong ones."""
    for rows in _cases(metric):
        right, wrong = metric.value(_right(rows)), metric.value(rows)
        if not (right >= wrong if metric.higher_is_better else right <= wrong):
            yield f"right predictions give {right:.4g}, wrong ones {wrong:.4g}: `higher_is_better` is the other way"


def any_order(metric: Metric) -> Iterator[str]:
    """The order of the rows does not matter, and they are not changed."""
    order = np.random.default_rng(3).permutation(_ROWS)
    for rows in _cases(metric):
        kept = {k: v.copy() for k, v in _arrays(rows).items()}
        value = metric.value(rows)
        if not np.isclose(metric.value(replace(rows, **{k: v[order] for k, v in _arrays(rows).items()})), value):
            yield "rows in another order give another value"
        if not all(np.array_equal(kept[k], v) for k, v in _arrays(rows).items()):
            yield "`compute` changes its rows"


def no_value(metric: Metric) -> Iterator[str]:
    """Without rows, and with a prediction that is not finite, it is nan."""
    for rows in _cases(metric):
        none = replace(rows, **{k: v[:0] for k, v in _arrays(rows).items()})
        if not np.isnan(metric.value(none)):
            yield f"it is {metric.value(none)} without rows"


LAWS = {"metric": [in_range, direction, any_order, no_value]}


def _cases(metric: Metric) -> list[MetricInput]:
    """Rows of the tasks that it can judge, the predictions drawn."""
    found: list[MetricInput] = []
    for task in TASKS:
        if task.kind not in metric.tasks or task.ordered:
            continue
        try:
            metric.check(task)
        except UserError:
            continue
        rng = np.random.default_rng(0)
        if task.kind == "regression":
            t, y = rng.normal(size=(2, _ROWS, task.outputs))
            found.append(MetricInput(task, t, y))
            continue
        if task.kind == "multilabel":
            t, scores = rng.integers(2, size=(_ROWS, task.outputs)), rng.normal(size=(_ROWS, task.outputs))
            found.append(MetricInput(task, t, (scores > 0).astype(np.int64), scores, 1 / (1 + np.exp(-scores))))
            continue
        t, scores = np.arange(_ROWS) % task.outputs, rng.normal(size=(_ROWS, task.outputs))
        p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        found.append(MetricInput(task, t, scores.argmax(axis=1), scores, p))
    return found


def _right(rows: MetricInput) -> MetricInput:
    if rows.task.kind == "regression":
        return replace(rows, y=rows.t)
    sure = rows.t.astype(np.float64) if rows.task.kind == "multilabel" else np.eye(rows.task.outputs)[rows.t]
    return replace(rows, y=rows.t, scores=sure, probabilities=sure)


def _arrays(rows: MetricInput) -> dict[str, Array]:
    named = {"t": rows.t, "y": rows.y, "scores": rows.scores, "probabilities": rows.probabilities}
    return {name: array for name, array in named.items() if array is not None}
