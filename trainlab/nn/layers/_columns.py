"""Layers that treat some columns of a table and pass the others on behind their own outputs."""

from typing import Any, Literal

from trainlab.core.component import setting
from trainlab.core.errors import ShapeError
from trainlab.core.types import Array, Shape
from trainlab.nn.layer import Layer, TorchSlot

COLUMNS = "indices of the columns, counted from 0; all: every column. The others follow unchanged behind the outputs"


class ColumnsLayer(Layer):
    """y (rows, k width + rest): `width` numbers for each of k columns of x, then the columns that are left."""

    columns: list[int] | Literal["all"] = setting("all", COLUMNS)

    def chosen(self, shape: Shape) -> list[int]:
        """The indices of the columns that it treats. Raises ShapeError if one is not there."""
        if len(shape) != 1:
            raise ShapeError(f"{self.name} takes rows of numbers, not {shape}; put `flatten` before it")
        if self.columns == "all":
            return list(range(shape[0]))
        wrong = [i for i in self.columns if not 0 <= i < shape[0]]
        if wrong or len(set(self.columns)) != len(self.columns) or not self.columns:
            listed = ", ".join(map(str, self.columns)) or "none"
            raise ShapeError(f"{self.name}: columns must be different indices from 0 to {shape[0] - 1}; found {listed}")
        return self.columns

    def rest(self, shape: Shape) -> list[int]:
        """The indices of the other columns, in order."""
        return sorted(set(range(shape[0])) - set(self.chosen(shape)))

    def widened(self, shape: Shape, width: int) -> Shape:
        """Shape of y with so many outputs for each column."""
        return (len(self.chosen(shape)) * width + len(self.rest(shape)),)

    def join(self, x: Array, made: Array, y: Array) -> None:
        """y = the outputs made (rows, k, width), then the other columns of x."""
        size = made.shape[1] * made.shape[2]
        y[:, :size] = made.reshape(len(x), size)
        y[:, size:] = x[:, self.rest(x.shape[1:])]

    def split(self, dy: Array, dmade: Array, dx: Array) -> None:
        """dx of the chosen columns is dmade (rows, k), of the others their part of dy."""
        shape = dx.shape[1:]
        chosen, rest = self.chosen(shape), self.rest(shape)
        dx[:, chosen] = dmade
        dx[:, rest] = dy[:, dy.shape[1] - len(rest) :]

    def torch_joined(self, s: TorchSlot, made: Any) -> Any:
        """`join` in PyTorch: the outputs made (rows, k, width), then the other columns of x."""
        return s.torch.cat([made.flatten(1), s.x[:, self.rest(tuple(s.x.shape[1:]))]], dim=1)
