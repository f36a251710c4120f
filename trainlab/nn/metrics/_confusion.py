"""The confusion matrix that several metrics start from."""

import numpy as np

from trainlab.core.types import Array
from trainlab.nn.metric import MetricInput


def confusion(rows: MetricInput) -> Array:
    """The weight of the rows of class i that are predicted as class j: (classes, classes), float64."""
    count = rows.task.outputs
    pairs = rows.t.astype(np.int64) * count + rows.y.astype(np.int64)
    return np.bincount(pairs, rows.w, count * count).reshape(count, count)
