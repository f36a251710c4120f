"""Quantile: each feature becomes normally distributed, by its ranks among the training rows."""

from importlib import import_module
from typing import Any

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array, Count
from trainlab.data.lazy import LazyRows
from trainlab.data.preprocessor import Preprocessor

_LEAST = 1e-7  # probabilities nearer to 0 and 1 are moved here, as scikit-learn does


class Quantile(Preprocessor, name="quantile"):
    """The normal quantile of each value's rank among the training rows: 0 is the median, 1.64 the 95th percentile.

    Any distribution becomes bell-shaped, outliers included, but distances are lost. Values beyond the training rows
    become -5.2 and 5.2. Ties would make the ranks jump, so fitting adds a little noise to the training rows (always the
    same); a feature that is constant in training becomes 0 where it keeps its value. Fitting holds all training rows in
    memory.

    Source: scikit-learn's QuantileTransformer; number of quantiles and noise as Gorishniy et al. 2024, "TabM",
    arXiv:2410.24210.

    >>> import numpy as np
    >>> rows = np.arange(1000.0)[:, None] ** 3
    >>> step = Quantile()
    >>> step.apply(np.array([[949.0**3], [1e12]]), step.fit(rows)).round(2).ravel().tolist()
    [1.64, 5.2]
    """

    quantiles: Count | None = setting(None, "number of quantiles; null: a thirtieth of the rows, from 10 to 1000")
    noise: float = setting(1e-5, "standard deviation of the noise, relative to that of the feature", ge=0)

    def fit(self, x: Array | LazyRows) -> dict[str, Array]:
        """The quantiles of each feature, (quantiles, *shape)."""
        rows = np.asarray(x).astype(np.float64)
        count = self.quantiles or max(min(len(rows) // 30, 1000), 10)
        drawn = np.random.default_rng(0).normal(size=rows.shape)
        noisy = rows + self.noise * rows.std(axis=0) * drawn
        return {"quantiles": np.quantile(noisy, np.linspace(0, 1, min(count, len(rows))), axis=0)}

    def apply(self, x: Array, fitted: dict[str, Array]) -> Array:
        """The normal quantile of the rank, found from below and from above, so that ties get the middle."""
        special: Any = import_module("scipy.special")
        quantiles = fitted["quantiles"].reshape(len(fitted["quantiles"]), -1)
        ranks = np.linspace(0, 1, len(quantiles))
        flat = x.reshape(len(x), -1)
        p = np.empty(flat.shape)
        for i, values in enumerate(quantiles.T):
            below = np.interp(flat[:, i], values, ranks)
            above = -np.interp(-flat[:, i], -values[::-1], -ranks[::-1])
            p[:, i] = (below + above) / 2
            p[flat[:, i] <= values[0], i] = 0
            p[flat[:, i] >= values[-1], i] = 1
            p[(flat[:, i] == values[0]) & (values[0] == values[-1]), i] = 0.5
        return special.ndtri(np.clip(p, _LEAST, 1 - _LEAST)).reshape(x.shape)
