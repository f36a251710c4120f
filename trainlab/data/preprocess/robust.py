"""Robust: median 0 and interquartile range 1 over the training rows."""

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array
from trainlab.data.lazy import LazyRows
from trainlab.data.preprocess._statistics import PER, Per, axes
from trainlab.data.preprocessor import Preprocessor


class Robust(Preprocessor, name="robust"):
    """(x - median) / (third quartile - first quartile) of the training rows: a few outliers do not move it.

    Where both quartiles are equal x is centered only. Fitting holds all training rows in memory.

    Source: scikit-learn's RobustScaler.

    >>> import numpy as np
    >>> rows = np.array([[0.0], [1.0], [2.0], [3.0], [1000.0]])
    >>> Robust().apply(rows, Robust().fit(rows)).ravel().tolist()
    [-1.0, -0.5, 0.0, 0.5, 499.0]
    """

    per: Per = setting("feature", PER)

    def fit(self, x: Array | LazyRows) -> dict[str, Array]:
        """Median and interquartile range."""
        rows = np.asarray(x).astype(np.float64)
        low, middle, high = np.percentile(rows, [25, 50, 75], axis=axes(x.ndim, self.per))
        return {"median": middle, "range": np.where(high == low, 1.0, high - low)}

    def apply(self, x: Array, fitted: dict[str, Array]) -> Array:
        """(x - median) / range."""
        return (x - fitted["median"]) / fitted["range"]
