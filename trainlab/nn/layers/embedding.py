"""Embedding: a vector that is learned for each category."""

from typing import Any

import numpy as np

from trainlab.core.component import setting
from trainlab.core.errors import ShapeError
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Count, Shape
from trainlab.nn.layer import Layer, Param, Slot, TorchSlot

SOURCE = '''class Embedding(nn.Module):
    """The vector of the category in each group of columns of 0 and 1; then the other columns."""

    def __init__(self, groups, units, rest):
        super().__init__()
        self.groups, self.rest = groups, rest
        self.vectors = nn.Parameter(torch.randn(sum(len(group) for group in groups), units))

    def forward(self, x):
        vectors = self.vectors.split([len(group) for group in self.groups])
        made = [x[:, group] @ v for group, v in zip(self.groups, vectors)]
        return torch.cat([*made, x[:, self.rest]], 1)
'''


class Embedding(Layer, name="embedding"):
    """Each group of columns of 0 and 1 (the categories of one column of a table) becomes the vector of its category.

    y holds the vectors of all groups side by side, then the columns that are in no group. Use it for columns of many
    categories: a dense layer then learns from 8 numbers that tell which categories behave alike, instead of from 100
    columns that are nearly always 0. A row without a 1 in a group (an unknown category) gets zeros there.

    Shapes: x (batch, columns), vectors (columns in groups, units), y (batch, groups * units + the other columns).

    Source: Guo & Berkhahn 2016, "Entity embeddings of categorical variables", arXiv:1604.06737; drawn from the standard
    normal distribution and 8 numbers long as in Holzmüller et al. 2024, arXiv:2407.04491, appendix A.1.
    """

    groups: list[list[int]] = setting("for each column of the table, the indices of its columns of 0 and 1, from 0")
    units: Count = setting(8, "numbers of a vector")

    def out_shape(self, shape: Shape) -> Shape:
        """(groups * units + the other columns,)."""
        if len(shape) != 1:
            raise ShapeError(f"embedding takes rows of numbers, not {shape}; put `flatten` before it")
        columns = self.columns
        if not columns or not all(self.groups) or len(set(columns)) < len(columns):
            raise ShapeError("embedding: groups must be lists of different indices, at least one of them")
        wrong = [i for i in columns if not 0 <= i < shape[0]]
        if wrong:
            raise ShapeError(f"embedding: there is no column {wrong[0]}; the indices are 0 to {shape[0] - 1}")
        return (len(self.groups) * self.units + len(self.rest(shape)),)

    @property
    def columns(self) -> list[int]:
        """The indices of the columns of all groups, group after group: the rows of `vectors`."""
        return [i for group in self.groups for i in group]

    def rest(self, shape: Shape) -> list[int]:
        """The indices of the columns in no group, in order."""
        return sorted(set(range(shape[0])) - set(self.columns))

    def params(self, shape: Shape) -> dict[str, Param]:
        """A vector for each category."""
        return {"vectors": Param((len(self.columns), self.units), "embedding", spread=1.0)}

    def _places(self) -> list[tuple[list[int], slice, slice]]:
        """For each group: its columns of x, its rows of `vectors`, its columns of y."""
        ends = np.cumsum([len(group) for group in self.groups]).tolist()
        return [
            (group, slice(end - len(group), end), slice(g * self.units, (g + 1) * self.units))
            for g, (group, end) in enumerate(zip(self.groups, ends, strict=True))
        ]

    def forward(self, s: Slot) -> None:
        """y = x E for each group."""
        for group, rows, out in self._places():
            s.y[:, out] = s.x[:, group] @ s.p["vectors"][rows]
        s.y[:, len(self.groups) * self.units :] = s.x[:, self.rest(s.x.shape[1:])]

    def backward(self, s: Slot) -> None:
        """dE = x' dy, dx = dy E'."""
        for group, rows, out in self._places():
            s.g["vectors"][rows] = s.x[:, group].T @ s.dy[:, out]
            if s.dx is not None:
                s.dx[:, group] = s.dy[:, out] @ s.p["vectors"][rows].T
        if s.dx is not None:
            s.dx[:, self.rest(s.x.shape[1:])] = s.dy[:, len(self.groups) * self.units :]

    def torch(self, s: TorchSlot) -> Any:
        """`forward` in PyTorch."""
        rest = self.rest(tuple(s.x.shape[1:]))
        parts = [s.x[:, group] @ s.p["vectors"][rows] for group, rows, _ in self._places()]
        return s.torch.cat([*parts, s.x[:, rest]], dim=1)

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """The module of PyTorch."""
        made = f"Embedding({self.groups}, {self.units}, {self.rest(shape)})"
        return TorchCode(made, {"vectors": p["vectors"]}, {"Embedding": SOURCE})
