"""Minmax: the training rows' range becomes 0 to 1."""

import numpy as np

from trainlab.core.component import setting
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.data.lazy import LazyRows
from trainlab.data.preprocess._statistics import PER, Per, extremes
from trainlab.data.preprocess._torch import shift
from trainlab.data.preprocessor import Preprocessor


class Minmax(Preprocessor, name="minmax"):
    """(x - min) / (max - min) of the training rows, so that these lie in 0 to 1; other rows may lie outside.

    One outlier squeezes all other values together: prefer `robust` then. A constant feature becomes 0.

    Source: scikit-learn's MinMaxScaler.

    >>> import numpy as np
    >>> rows = np.array([[1.0, 10.0], [2.0, 10.0], [5.0, 10.0]])
    >>> Minmax().apply(rows, Minmax().fit(rows))
    array([[0.  , 0.  ],
           [0.25, 0.  ],
           [1.  , 0.  ]])
    """

    per: Per = setting("feature", PER)

    def fit(self, x: Array | LazyRows) -> dict[str, Array]:
        """Minimum and range."""
        low, high = extremes(x, self.per)
        return {"min": low, "range": np.where(high == low, 1.0, high - low)}

    def apply(self, x: Array, fitted: dict[str, Array]) -> Array:
        """(x - min) / range."""
        return (x - fitted["min"]) / fitted["range"]

    def torch_code(self, shape: Shape, fitted: dict[str, Array]) -> TorchCode:
        """`apply` in PyTorch."""
        return shift(fitted["min"], fitted["range"])
