"""PCA: coordinates along the directions of largest variance."""

from trainlab.core.component import setting
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.data.lazy import LazyRows
from trainlab.data.preprocess._principal import Keep, kept, principal
from trainlab.data.preprocess._torch import rotate
from trainlab.data.preprocessor import Preprocessor


class Pca(Preprocessor, name="pca"):
    """(x - mean) U: uncorrelated coordinates along the axes U of largest variance, fewer than there were features.

    `keep` is a number of axes (a whole number), or the share of the variance that they must hold (up to 1.0). Images
    become rows of numbers. Each axis' sign is chosen so that its largest entry is positive.

    Source: CS231n, "Neural Networks Part 2", data preprocessing.

    >>> import numpy as np
    >>> rows = np.array([[1.0, 1.0], [-1.0, -1.0], [2.0, 2.0], [-2.0, -2.0]])
    >>> Pca(keep=0.9).apply(rows, Pca(keep=0.9).fit(rows)).round(3).ravel().tolist()
    [1.414, -1.414, 2.828, -2.828]
    """

    keep: Keep = setting(0.99, "number of axes, or share of the variance that they hold")

    def fit(self, x: Array | LazyRows) -> dict[str, Array]:
        """Mean and the kept axes, as columns."""
        p = principal(self.name, x)
        return {"mean": p.mean, "axes": p.axes[:, : kept(self.name, self.keep, p.variance)].copy()}

    def apply(self, x: Array, fitted: dict[str, Array]) -> Array:
        """(x - mean) U, (n, axes)."""
        return (x.reshape(len(x), -1) - fitted["mean"]) @ fitted["axes"]

    def out_shape(self, shape: Shape) -> Shape | None:
        """(keep,), unknown for a share."""
        return (self.keep,) if isinstance(self.keep, int) else None

    def torch_code(self, shape: Shape, fitted: dict[str, Array]) -> TorchCode:
        """`apply` in PyTorch."""
        return rotate(fitted["mean"], fitted["axes"], (fitted["axes"].shape[1],))
