"""Standardize: mean 0 and standard deviation 1 over the training rows."""

from trainlab.core.component import setting
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.data.lazy import LazyRows
from trainlab.data.preprocess._statistics import PER, Per, deviation, mean
from trainlab.data.preprocess._torch import shift
from trainlab.data.preprocessor import Preprocessor


class Standardize(Preprocessor, name="standardize"):
    """(x - mean) / std of the training rows: every feature weighs alike. The usual choice for tables.

    A feature that is constant in training is centered only. std divides by n, as scikit-learn's StandardScaler.

    Source: CS231n, "Neural Networks Part 2", data preprocessing; LeCun et al. 1998, "Efficient BackProp", 4.3.

    >>> import numpy as np
    >>> rows = np.array([[1.0, 10.0], [3.0, 10.0]])
    >>> Standardize().apply(rows, Standardize().fit(rows))
    array([[-1.,  0.],
           [ 1.,  0.]])
    """

    per: Per = setting("feature", PER)

    def fit(self, x: Array | LazyRows) -> dict[str, Array]:
        """Mean and standard deviation."""
        center = mean(x, self.per)
        return {"mean": center, "std": deviation(x, center, self.per)}

    def apply(self, x: Array, fitted: dict[str, Array]) -> Array:
        """(x - mean) / std."""
        return (x - fitted["mean"]) / fitted["std"]

    def torch_code(self, shape: Shape, fitted: dict[str, Array]) -> TorchCode:
        """`apply` in PyTorch."""
        return shift(fitted["mean"], fitted["std"])
