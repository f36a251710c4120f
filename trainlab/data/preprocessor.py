"""A preprocessor is fitted on the training rows only and then applied to every row alike.

What it learns is a dict of plain arrays that goes into the checkpoint, so that evaluate and predict do the same.
To add one, write one class in one file of `trainlab/data/preprocess`.
"""

from abc import abstractmethod

from trainlab.core.component import Component
from trainlab.core.types import Array, Shape
from trainlab.data.lazy import LazyRows


class Preprocessor(Component, kind="preprocess", rooms=("trainlab.data.preprocess",)):
    """x -> x', rows first, fitted on the training rows."""

    @abstractmethod
    def fit(self, x: Array | LazyRows) -> dict[str, Array]:
        """What it needs to know of the training rows x (n, *shape): named arrays. Read x with `lazy.chunks`."""

    @abstractmethod
    def apply(self, x: Array, fitted: dict[str, Array]) -> Array:
        """x' for rows x (n, *shape) float64; a new array."""

    def out_shape(self, shape: Shape) -> Shape | None:
        """Shape of a row of x' as far as it is known before fitting, else None."""
        return shape
