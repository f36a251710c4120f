"""Piecewise-linear encoding: a number becomes one number for each bin that it has passed."""

from importlib import import_module
from typing import Any, ClassVar, Literal

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array, Count, Shape
from trainlab.nn.layer import Param, Slot
from trainlab.nn.layers._columns import ColumnsLayer

LEAF_ROWS, LEAST_GAIN = 64, 1e-4  # of the trees, as in the paper's code


class PiecewiseLinear(ColumnsLayer, name="piecewise_linear"):
    """For each column and bin [a, b]: (x - a) / (b - a), not below 0 and not above 1. The first and the last bin go on.

    A bin below x gives 1, one above it 0, the one that holds it a number between. So a network treats small and large
    values apart, which plain numbers make hard: on tables it helps more than any other setting. Put it first. The bins
    are fitted to the training rows when a run begins, and kept with the weights. Rows are encoded batch by batch, so
    the data stays as small as it is. A column of 0 and 1 comes out as it is, in one of its bins.

    Where a column has fewer different values than bins, the bins that are left give 0.

    Shapes: x (batch, columns), y (batch, columns * bins), bins of one column side by side.

    Source: Gorishniy et al. 2022, "On embeddings for numerical features in tabular deep learning", arXiv:2203.05556,
    sections 3.2.1 (quantiles) and 3.2.2 (tree).
    """

    fits: ClassVar[bool] = True
    linear: ClassVar[bool] = False

    bins: Count = setting(12, "bins of a column, at most", search={"int": [4, 48]})
    by: Literal["quantiles", "tree"] = setting(
        "quantiles", "where bins end: at quantiles of a column, or at the splits of a small decision tree on the target"
    )

    def out_shape(self, shape: Shape) -> Shape:
        """(columns * bins,), and the columns that are left."""
        return self.widened(shape, self.bins)

    def params(self, shape: Shape) -> dict[str, Param]:
        """The edges of the bins, (columns, bins + 1); where there are fewer bins, the last edge is repeated."""
        return {"edges": Param((len(self.chosen(shape)), self.bins + 1), "statistic")}

    def fit(self, p: dict[str, Array], x: Array, y: Array) -> None:
        """Set the edges for training rows x (n, columns) and targets y: class indices (n,) or numbers (n, k)."""
        for edges, i in zip(p["edges"], self.chosen(x.shape[1:]), strict=True):
            column = x[:, i].astype(np.float64)
            column = column[np.isfinite(column)]
            if not len(column):
                edges[...] = 0.0
                continue
            if self.by == "quantiles":
                found = np.quantile(column, np.linspace(0, 1, self.bins + 1))
            else:
                found = self._splits(column, y[np.isfinite(x[:, i])])
            found = np.unique(found.astype(edges.dtype))
            edges[: len(found)] = found
            edges[len(found) :] = found[-1]

    def _splits(self, column: Array, y: Array) -> Array:
        trees: Any = import_module("sklearn.tree")  # takes half a second, and has no types
        kind = trees.DecisionTreeClassifier if y.dtype.kind in "iu" else trees.DecisionTreeRegressor
        tree = kind(max_leaf_nodes=max(2, self.bins), min_samples_leaf=LEAF_ROWS, min_impurity_decrease=LEAST_GAIN)
        grown = tree.fit(column[:, None], y).tree_
        inner = grown.children_left != grown.children_right
        return np.array([column.min(), column.max(), *grown.threshold[inner]])[: self.bins + 1]

    def forward(self, s: Slot) -> None:
        """y = (x - a) / (b - a) within the limits of each bin."""
        lower, rate, least, most = limits(s.p["edges"])
        part = (s.x[:, self.chosen(s.x.shape[1:]), None] - lower) * rate
        self.join(s.x, np.minimum(np.maximum(part, least), most), s.y)

    def backward(self, s: Slot) -> None:
        """dx = the sum over the bins of dy / (b - a) where the bin is not at its limit."""
        if s.dx is None:
            return
        lower, rate, least, most = limits(s.p["edges"])
        part = (s.x[:, self.chosen(s.x.shape[1:]), None] - lower) * rate
        dy = s.dy[:, : part.shape[1] * part.shape[2]].reshape(part.shape)
        inside = (part > least) & (part < most)
        self.split(s.dy, np.where(inside, dy * rate, 0).sum(axis=2), s.dx)


def limits(edges: Array) -> tuple[Array, Array, Array, Array]:
    """Lower edge, 1 / width, least and largest output of each bin, (columns, bins); a bin without width gives 0."""
    lower, width = edges[:, :-1], edges[:, 1:] - edges[:, :-1]
    there = width > 0
    rate = np.where(there, 1 / np.where(there, width, 1), 0).astype(edges.dtype)
    least = np.zeros_like(rate)
    least[:, 0] = -np.inf
    last = there & (edges[:, 1:] == edges[:, -1:])
    return lower, rate, least, np.where(last, np.inf, 1).astype(edges.dtype)
