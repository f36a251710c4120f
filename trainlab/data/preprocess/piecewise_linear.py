"""Piecewise linear: each number becomes several inputs, one for each bin of its values."""

from importlib import import_module
from typing import Any, Literal

import numpy as np

from trainlab.core.component import setting
from trainlab.core.errors import DataError
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.data.columns import Columns
from trainlab.data.lazy import LazyRows
from trainlab.data.preprocess._statistics import in_memory
from trainlab.data.widening import WideningPreprocessor

LEAF_ROWS, LEAST_GAIN = 64, 1e-4  # of the trees, as in the paper's code
_TREE_ROWS = 100_000  # that a tree learns from at most

SOURCE = '''class PiecewiseLinear(nn.Module):
    """(x - low) / width between 0 and 1, for each bin of a column; 0 where x is no number."""

    def __init__(self, bins, keep):
        super().__init__()
        self.keep = keep
        self.register_buffer("column", torch.zeros(bins, dtype=torch.int64))
        self.register_buffer("low", torch.zeros(bins, dtype=torch.float64))
        self.register_buffer("width", torch.ones(bins, dtype=torch.float64))

    def forward(self, x):
        x = x.flatten(1)
        inside = ((x[:, self.column] - self.low) / self.width).clamp(0, 1).nan_to_num(0.0)
        return torch.cat([x, inside], 1) if self.keep else inside
'''


class PiecewiseLinear(WideningPreprocessor, name="piecewise_linear"):
    """For each bin between two edges a < b: (x - a) / (b - a), cut off at 0 and 1. `keep` puts x itself in front.

    A network learns steep and jagged functions of one number badly; of these inputs they are a weighted sum. This is
    the ingredient that brings networks nearest to boosted trees on tables. The edges are quantiles of the training
    rows, but a value that fills a bin alone (a column that is mostly 0) is an edge itself, and the quantiles are those
    of the other rows: otherwise all edges would fall on it. Put it behind `fill`; missing values become 0 in each bin.

    As the last preprocessor it costs little memory: of each number only its place among the bins is kept, and the bins
    are made batch by batch. Fitting holds all training rows in memory, of large stored rows 64 MB, drawn at random.
    Images become rows.

    Source: Gorishniy, Rubachev & Babenko 2022, "On embeddings for numerical features", arXiv:2203.05556, sections 3.2.1
    (quantiles) and 3.2.2 (tree), but cut off in the first and the last bin, too, so that outliers cannot get large.

    >>> rows = np.array([[0.0], [1.0], [2.0], [6.0], [10.0]])
    >>> encoder = PiecewiseLinear(bins=2)
    >>> encoder.apply(np.array([[1.0], [4.0], [99.0]]), encoder.fit(rows)).tolist()
    [[1.0, 0.5, 0.0], [4.0, 1.0, 0.25], [99.0, 1.0, 1.0]]
    """

    bins: int = setting(12, "bins of a column, fewer where it has few values", ge=1, search={"int": [4, 48]})
    by: Literal["quantiles", "tree"] = setting(
        "quantiles", "where bins end: at quantiles of a column, or at the splits of a small decision tree on the target"
    )
    keep: bool = setting(True, "keep the number itself, in front of its bins")

    def fit(self, x: Array | LazyRows) -> dict[str, Array]:
        """`fit_to` without targets. Raises DataError if a tree needs them."""
        if self.by == "tree":
            raise DataError("data.preprocess: `piecewise_linear` with `by: tree` needs the targets of the rows")
        return self.fit_to(x, np.empty(0))

    def fit_to(self, x: Array | LazyRows, y: Array) -> dict[str, Array]:
        """For each bin of every column its `column`, its lower edge `low` and its `width`."""
        rows, index = in_memory(x)
        rows, y = rows.reshape(len(rows), -1), y[index] if len(y) else y
        edges = [self._edges(rows[:, i], y) for i in range(rows.shape[1])]
        return {
            "column": np.repeat(np.arange(len(edges)), [max(0, len(e) - 1) for e in edges]),
            "low": np.concatenate([np.empty(0), *(e[:-1] for e in edges)]),
            "width": np.concatenate([np.empty(0), *(np.diff(e) for e in edges)]),
        }

    def narrow(self, x: Array, fitted: dict[str, Array]) -> Array:
        """The numbers, if they are kept, then of each the number of bins below it: 2.25 is a quarter of the third."""
        x = x.reshape(len(x), -1)
        place = np.zeros_like(x)
        for i, first, end in _bins_of(fitted["column"], x.shape[1]):
            if first < end:
                edges = np.append(fitted["low"][first:end], fitted["low"][end - 1] + fitted["width"][end - 1])
                place[:, i] = np.interp(x[:, i], edges, np.arange(len(edges), dtype=np.float64))
        place[np.isnan(place)] = 0.0
        return np.hstack([x, place]) if self.keep else place

    def widen(self, narrow: Array, fitted: dict[str, Array]) -> Array:
        """The numbers, then the place of each in every one of its bins."""
        column, kept = fitted["column"].astype(np.int64), self.kept(narrow.shape[1])
        below = (np.arange(len(column)) - np.searchsorted(column, column)).astype(narrow.dtype)
        inside = narrow[:, kept + column] - below
        np.clip(inside, 0.0, 1.0, out=inside)
        return np.hstack([narrow[:, :kept], inside]) if self.keep else inside

    def kept(self, width: int) -> int:
        """How many of so many narrow columns are the numbers themselves."""
        return width // 2 if self.keep else 0

    def out_shape(self, shape: Shape) -> Shape | None:
        """Known after fitting only."""
        return None

    def made(self, columns: Columns, fitted: dict[str, Array], width: int) -> Columns:
        """The numbers that are kept, and `age>=18` for each bin; no preprocessor of numbers acts on the bins."""
        places = zip(fitted["column"].astype(np.int64), fitted["low"], strict=True)
        bins = tuple(f"{columns.names[i]}>={low:.4g}" for i, low in places)
        encoded = Columns(bins, ("category",) * len(bins))
        return columns.joined(encoded) if self.keep else encoded

    def torch_code(self, shape: Shape, fitted: dict[str, Array]) -> TorchCode:
        """`apply` in PyTorch."""
        state = {key: fitted[key] for key in ("column", "low", "width")}
        made = f"PiecewiseLinear({len(state['low'])}, keep={self.keep})"
        return TorchCode(made, state | {"column": state["column"].astype(np.int64)}, {"PiecewiseLinear": SOURCE})

    def _edges(self, column: Array, y: Array) -> Array:
        """Increasing edges of up to `bins` bins; one or none where all values are equal."""
        known = np.isfinite(column)
        if self.by == "quantiles" or not known.any():
            return _quantiles(column[known], self.bins)
        rows = np.flatnonzero(known)
        rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), _TREE_ROWS)).astype(np.int64)]
        return np.unique([column[known].min(), column[known].max(), *_splits(column[rows], y[rows], self.bins)])


def _bins_of(column: Array, columns: int) -> list[tuple[int, int, int]]:
    """(column, its first bin, the one behind its last) for each column."""
    ends = np.searchsorted(column, np.arange(columns + 1))
    return [(i, int(ends[i]), int(ends[i + 1])) for i in range(columns)]


def _quantiles(x: Array, bins: int) -> Array:
    """Edges of bins of about equally many values, with the values that fill one alone."""
    values, counts = np.unique(x, return_counts=True)
    if len(values) <= bins + 1:
        return values
    heavy = counts > len(x) / bins
    rest = x[~np.isin(x, values[heavy])]
    quantiles = np.quantile(rest, np.linspace(0, 1, max(2, bins + 1 - int(heavy.sum()))))
    return np.unique(np.concatenate([values[heavy], quantiles]))


def _splits(column: Array, y: Array, bins: int) -> Array:
    """Up to bins - 1 thresholds of a decision tree that predicts y: class indices (n,) or numbers (n, k)."""
    if bins < 2:
        return np.empty(0)
    trees: Any = import_module("sklearn.tree")  # takes half a second, and has no types
    kind = trees.DecisionTreeClassifier if y.dtype.kind in "iu" else trees.DecisionTreeRegressor
    tree = kind(max_leaf_nodes=bins, min_samples_leaf=LEAF_ROWS, min_impurity_decrease=LEAST_GAIN)
    grown = tree.fit(column[:, None], y).tree_
    return np.asarray(grown.threshold[grown.children_left != grown.children_right])
