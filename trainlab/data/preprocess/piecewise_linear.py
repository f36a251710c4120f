"""Piecewise linear: each number becomes several inputs, one for each bin of its values."""

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array, Shape
from trainlab.data.columns import Columns
from trainlab.data.lazy import LazyRows
from trainlab.data.preprocessor import Preprocessor


class PiecewiseLinear(Preprocessor, name="piecewise_linear"):
    """For each bin between two edges a < b: (x - a) / (b - a), cut off at 0 and 1. `keep` puts x itself in front.

    A network learns steep and jagged functions of one number badly; of these inputs they are a weighted sum. This is
    the ingredient that brings networks nearest to boosted trees on tables. The edges are quantiles of the training
    rows, but a value that fills a bin alone (a column that is mostly 0) is an edge itself, and the quantiles are those
    of the other rows: otherwise all edges would fall on it. Put it behind `fill`; missing values become 0 in each bin.
    Images become rows. Fitting holds all training rows in memory; x gets up to `bins` times as wide.

    Source: Gorishniy, Rubachev & Babenko 2022, "On embeddings for numerical features", arXiv:2203.05556, section 3.2.1
    (quantiles), but cut off in the first and the last bin, too, so that outliers cannot get large.

    >>> rows = np.array([[0.0], [1.0], [2.0], [6.0], [10.0]])
    >>> encoder = PiecewiseLinear(bins=2)
    >>> encoder.apply(np.array([[1.0], [4.0], [99.0]]), encoder.fit(rows)).tolist()
    [[1.0, 0.5, 0.0], [4.0, 1.0, 0.25], [99.0, 1.0, 1.0]]
    """

    bins: int = setting(12, "bins of a column, fewer where it has few values", ge=1, search={"int": [4, 48]})
    keep: bool = setting(True, "keep the number itself, in front of its bins")

    def fit(self, x: Array | LazyRows) -> dict[str, Array]:
        """For each bin of every column its `column`, its lower edge `low` and its `width`."""
        rows = np.asarray(x[:], np.float64).reshape(len(x), -1)
        edges = [_edges(rows[np.isfinite(rows[:, i]), i], self.bins) for i in range(rows.shape[1])]
        return {
            "column": np.repeat(np.arange(len(edges)), [max(0, len(e) - 1) for e in edges]),
            "low": np.concatenate([np.empty(0), *(e[:-1] for e in edges)]),
            "width": np.concatenate([np.empty(0), *(np.diff(e) for e in edges)]),
        }

    def apply(self, x: Array, fitted: dict[str, Array]) -> Array:
        """The numbers, then the place of each in every one of its bins."""
        x = x.reshape(len(x), -1)
        inside = (x[:, fitted["column"].astype(np.int64)] - fitted["low"]) / fitted["width"]
        np.clip(inside, 0.0, 1.0, out=inside)
        inside[np.isnan(inside)] = 0.0
        return np.hstack([x, inside]) if self.keep else inside

    def out_shape(self, shape: Shape) -> Shape | None:
        """Known after fitting only."""
        return None

    def made(self, columns: Columns, fitted: dict[str, Array], width: int) -> Columns:
        """The numbers that are kept, and `age>=18` for each bin; no preprocessor of numbers acts on the bins."""
        places = zip(fitted["column"].astype(np.int64), fitted["low"], strict=True)
        bins = tuple(f"{columns.names[i]}>={low:.4g}" for i, low in places)
        encoded = Columns(bins, ("category",) * len(bins))
        return columns.joined(encoded) if self.keep else encoded


def _edges(x: Array, bins: int) -> Array:
    """Increasing edges of up to `bins` bins of about equally many values; one or none where all values are equal."""
    values, counts = np.unique(x, return_counts=True)
    if len(values) <= bins + 1:
        return values
    heavy = counts > len(x) / bins
    rest = x[~np.isin(x, values[heavy])]
    quantiles = np.quantile(rest, np.linspace(0, 1, max(2, bins + 1 - int(heavy.sum()))))
    return np.unique(np.concatenate([values[heavy], quantiles]))
