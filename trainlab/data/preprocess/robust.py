"""Robust: median 0 and interquartile range 1 over the training rows."""

import numpy as np

from trainlab.core.component import setting
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.data.lazy import LazyRows
from trainlab.data.preprocess._statistics import PER, Per, extremes, in_memory, percentiles
from trainlab.data.preprocess._torch import shift
from trainlab.data.preprocessor import Preprocessor


class Robust(Preprocessor, name="robust"):
    """(x - median) / (third quartile - first quartile) of the training rows: a few outliers do not move it.

    Where both quartiles are equal, the divisor is half of the distance from the smallest to the largest value. A
    feature that is constant in training becomes 0 in every row. Follow it with `smooth_clip`. Quartiles are
    those of all training rows; of large stored rows those of 64 MB, drawn at random.

    Source: Holzmüller et al. 2024, "Better by default", arXiv:2407.04491, section 3.1. scikit-learn's RobustScaler
    divides by 1 where both quartiles are equal.

    >>> import numpy as np
    >>> rows = np.array([[0.0, 5.0], [1.0, 5.0], [2.0, 5.0], [3.0, 5.0], [1000.0, 9.0]])
    >>> Robust().apply(rows, Robust().fit(rows)).T.tolist()
    [[-1.0, -0.5, 0.0, 0.5, 499.0], [0.0, 0.0, 0.0, 0.0, 2.0]]
    """

    per: Per = setting("feature", PER)

    def fit(self, x: Array | LazyRows) -> dict[str, Array]:
        """Median, and what x - median is divided by: inf for a constant feature."""
        low, middle, high = percentiles(in_memory(x)[0], [25, 50, 75], self.per)
        smallest, largest = extremes(x, self.per)
        width = np.where(high == low, (largest - smallest) / 2, high - low)
        return {"median": middle, "range": np.where(width == 0, np.inf, width)}

    def apply(self, x: Array, fitted: dict[str, Array]) -> Array:
        """(x - median) / range."""
        return (x - fitted["median"]) / fitted["range"]

    def torch_code(self, shape: Shape, fitted: dict[str, Array]) -> TorchCode:
        """`apply` in PyTorch."""
        return shift(fitted["median"], fitted["range"])
