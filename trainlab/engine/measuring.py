"""Metrics of a network's outputs, whatever the loss that it was trained with."""

from collections.abc import Mapping, Sequence

import numpy as np

from trainlab.core.types import Array, Task
from trainlab.data.preprocessing import unscale
from trainlab.nn.loss import Loss
from trainlab.nn.metric import Metric, MetricInput


def measured(
    metrics: Sequence[Metric],
    outputs: Array,
    y: Array,
    *,
    loss: Loss,
    task: Task,
    fitted: Mapping[str, Array],
    weights: Array | None = None,
) -> dict[str, float]:
    """The value of each metric by its column's name, without `val_` or `test_`.

    outputs (rows, units): the network's · y: class indices (rows,), 0 or 1 for each label (rows, labels) or scaled
    numbers (rows, targets) · fitted: the preprocessors' arrays, by which numbers return to their own units · weights
    (rows,): None for equal ones.
    """
    if not metrics:
        return {}
    rows = metric_input(outputs, y, loss=loss, task=task, fitted=fitted, weights=weights)
    return {metric.column: metric.value(rows) for metric in metrics}


def metric_input(
    outputs: Array, y: Array, *, loss: Loss, task: Task, fitted: Mapping[str, Array], weights: Array | None = None
) -> MetricInput:
    """What a metric needs to know of the rows: see `measured`."""
    wide = outputs.astype(np.float64)
    if task.kind == "regression":
        both = (y.astype(np.float64), loss.predict(wide, task))
        t, predicted = (unscale(numbers.reshape(len(y), -1), fitted) for numbers in both)
        return MetricInput(task, t, predicted, weights=weights)
    with np.errstate(all="ignore"):
        probabilities = loss.probabilities(wide)
    scores = wide if probabilities is None else probabilities
    return MetricInput(task, y, loss.predict(wide, task), scores, probabilities, weights)
