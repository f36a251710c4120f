"""Center: the mean of the training rows becomes zero."""

from trainlab.core.component import setting
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.data.lazy import LazyRows
from trainlab.data.preprocess._statistics import PER, Per, mean
from trainlab.data.preprocess._torch import shift
from trainlab.data.preprocessor import Preprocessor


class Center(Preprocessor, name="center"):
    """x - mean of the training rows. Inputs that are all of one sign make all gradients of a unit of one sign.

    For images `per: feature` subtracts the mean image (AlexNet), `per: channel` one number a channel (VGG).

    Source: CS231n, "Neural Networks Part 2", data preprocessing.

    >>> import numpy as np
    >>> rows = np.array([[1.0, 10.0], [3.0, 10.0]])
    >>> Center().apply(rows, Center().fit(rows))
    array([[-1.,  0.],
           [ 1.,  0.]])
    """

    per: Per = setting("feature", PER)

    def fit(self, x: Array | LazyRows) -> dict[str, Array]:
        """The mean."""
        return {"mean": mean(x, self.per)}

    def apply(self, x: Array, fitted: dict[str, Array]) -> Array:
        """x - mean."""
        return x - fitted["mean"]

    def torch_code(self, shape: Shape, fitted: dict[str, Array]) -> TorchCode:
        """`apply` in PyTorch."""
        return shift(fitted["mean"], fitted["mean"] * 0 + 1)
