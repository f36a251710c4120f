"""A preprocessor is fitted on the training rows only and then applied to every row alike.

What it learns is a dict of plain arrays that goes into the checkpoint, so that evaluate and predict do the same.
To add one, write one class in one file of `trainlab/data/preprocess`.
"""

from abc import abstractmethod

from trainlab.core.component import Component, setting
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.data.columns import Choice, Columns
from trainlab.data.lazy import LazyRows

COLUMNS = (
    "on which columns of a table it acts: numbers (but not those that hold only 0 and 1), binaries (those that do), "
    "all, or a list of names; of arrays, images and built-in sets it takes everything"
)


class Preprocessor(Component, kind="preprocess", rooms=("trainlab.data.preprocess",)):
    """x -> x', rows first, fitted on the training rows."""

    columns: Choice = setting("numbers", COLUMNS)

    @abstractmethod
    def fit(self, x: Array | LazyRows) -> dict[str, Array]:
        """What it needs to know of the training rows x (n, *shape): named arrays. Read x with `lazy.chunks`.

        Of a table, x holds the chosen columns only, here and in `apply`.
        """

    def fit_to(self, x: Array | LazyRows, y: Array) -> dict[str, Array]:
        """`fit` for one that learns from the targets y, too: class indices (n,), or numbers (n, k)."""
        return self.fit(x)

    @abstractmethod
    def apply(self, x: Array, fitted: dict[str, Array]) -> Array:
        """x' for rows x (n, *shape) float64; a new array."""

    def torch_code(self, shape: Shape, fitted: dict[str, Array]) -> TorchCode:
        """`apply` as source of a module of PyTorch, for rows of this shape in float64, images with the channels last.

        Raises NotImplementedError if there is no such source.
        """
        raise NotImplementedError(self.name)

    def out_shape(self, shape: Shape) -> Shape | None:
        """Shape of a row of x' as far as it is known before fitting, else None."""
        return shape

    def made(self, columns: Columns, fitted: dict[str, Array], width: int) -> Columns:
        """The `width` columns of x', where they are more or fewer than the columns of x."""
        return Columns(tuple(f"{self.name}{i + 1}" for i in range(width)), ("number",) * width)
