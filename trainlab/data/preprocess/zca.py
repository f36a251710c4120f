"""ZCA: whitened rows that still look like the rows."""

from trainlab.core.component import setting
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.data.lazy import LazyRows
from trainlab.data.preprocess._principal import principal, widths
from trainlab.data.preprocess._torch import rotate
from trainlab.data.preprocessor import Preprocessor


class Zca(Preprocessor, name="zca"):
    """(x - mean) U / std U': whitened and turned back, so that an image stays an image, with its edges stressed.

    Of all whitening transforms it is the one that changes the rows least.

    Source: Bell & Sejnowski 1997; Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images", App. A.

    >>> import numpy as np
    >>> rows = np.array([[2.0, 1.0], [-2.0, 1.0], [2.0, -1.0], [-2.0, -1.0]])
    >>> zca = Zca(eps=0.0)
    >>> zca.apply(rows, zca.fit(rows)).tolist()
    [[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]]
    """

    eps: float = setting(1e-5, "added to every variance, times the largest one", ge=0)

    def fit(self, x: Array | LazyRows) -> dict[str, Array]:
        """Mean and the matrix U / std U'."""
        p = principal(self.name, x)
        return {"mean": p.mean, "matrix": (p.axes / widths(p.variance, self.eps)) @ p.axes.T}

    def apply(self, x: Array, fitted: dict[str, Array]) -> Array:
        """(x - mean) U / std U', in x's shape."""
        return ((x.reshape(len(x), -1) - fitted["mean"]) @ fitted["matrix"]).reshape(x.shape)

    def torch_code(self, shape: Shape, fitted: dict[str, Array]) -> TorchCode:
        """`apply` in PyTorch."""
        return rotate(fitted["mean"], fitted["matrix"], shape)
