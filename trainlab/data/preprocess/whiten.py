"""Whiten: uncorrelated coordinates of variance one."""

from math import prod

from trainlab.core.component import setting
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.data.lazy import LazyRows
from trainlab.data.preprocess._principal import Keep, kept, principal, widths
from trainlab.data.preprocess._torch import rotate
from trainlab.data.preprocessor import Preprocessor


class Whiten(Preprocessor, name="whiten"):
    """(x - mean) U / std: coordinates along the principal axes U, each scaled to variance one over training.

    Noise in directions of hardly any variance is blown up as well; a larger `eps` or fewer axes tame it. Images
    become rows of numbers.

    Source: CS231n, "Neural Networks Part 2", data preprocessing (there eps is absolute).

    >>> import numpy as np
    >>> rows = np.array([[2.0, 1.0], [-2.0, 1.0], [2.0, -1.0], [-2.0, -1.0]])
    >>> whiten = Whiten(eps=0.0)
    >>> whiten.apply(rows, whiten.fit(rows)).tolist()
    [[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]]
    """

    keep: Keep | None = setting(None, "number of axes, or share of the variance that they hold; null keeps all")
    eps: float = setting(1e-5, "added to every variance, times the largest one", ge=0)

    def fit(self, x: Array | LazyRows) -> dict[str, Array]:
        """Mean and the matrix U / std."""
        p = principal(self.name, x)
        k = len(p.variance) if self.keep is None else kept(self.name, self.keep, p.variance)
        return {"mean": p.mean, "matrix": p.axes[:, :k] / widths(p.variance, self.eps)[:k]}

    def apply(self, x: Array, fitted: dict[str, Array]) -> Array:
        """(x - mean) U / std, (n, axes)."""
        return (x.reshape(len(x), -1) - fitted["mean"]) @ fitted["matrix"]

    def out_shape(self, shape: Shape) -> Shape | None:
        """(keep,), or all features; unknown for a share."""
        if self.keep is None:
            return (prod(shape),)
        return (self.keep,) if isinstance(self.keep, int) else None

    def torch_code(self, shape: Shape, fitted: dict[str, Array]) -> TorchCode:
        """`apply` in PyTorch."""
        return rotate(fitted["mean"], fitted["matrix"], (fitted["matrix"].shape[1],))
