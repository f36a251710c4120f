"""Quantile: each feature becomes normally distributed, by its ranks among the training rows."""

from importlib import import_module
from typing import Any

import numpy as np

from trainlab.core.component import setting
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Count, Shape
from trainlab.data.lazy import LazyRows
from trainlab.data.preprocess._statistics import in_memory
from trainlab.data.preprocessor import Preprocessor

SOURCE = '''class Quantile(nn.Module):
    """The normal quantile of each value's rank among the quantiles of its feature."""

    def __init__(self, count, features):
        super().__init__()
        self.register_buffer("quantiles", torch.zeros((features, count), dtype=torch.float64))

    def forward(self, x):
        values, own = x.flatten(1).T.contiguous(), self.quantiles
        p = (self.rank(values, own) + 1 - self.rank(-values, -own.flip(1))) / 2  # of ties the middle
        least, largest = own[:, :1], own[:, -1:]
        p = torch.where(values <= least, 0.0, p)
        p = torch.where(values >= largest, 1.0, p)
        p = torch.where((values == least) & (least == largest), 0.5, p)
        return torch.special.ndtri(p.clamp(1e-7, 1 - 1e-7)).T.reshape(x.shape)

    @staticmethod
    def rank(values, quantiles):
        last = quantiles.shape[1] - 1
        i = (torch.searchsorted(quantiles, values, right=True) - 1).clamp(0, last - 1)
        low, high = quantiles.gather(1, i), quantiles.gather(1, i + 1)
        part = torch.where(high > low, (values - low) / (high - low), 0.0)
        return ((i + part) / last).clamp(0, 1)
'''
_LEAST = 1e-7  # probabilities nearer to 0 and 1 are moved here, as scikit-learn does


class Quantile(Preprocessor, name="quantile"):
    """The normal quantile of each value's rank among the training rows: 0 is the median, 1.64 the 95th percentile.

    Any distribution becomes bell-shaped, outliers included, but distances are lost. Values beyond the training rows
    become -5.2 and 5.2. Ties would make the ranks jump, so fitting adds a little noise to the training rows (always the
    same); a feature that is constant in training becomes 0 where it keeps its value. Fitting holds all training rows in
    memory, of large stored rows 64 MB, drawn at random.

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
        rows = in_memory(x)[0]
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

    def torch_code(self, shape: Shape, fitted: dict[str, Array]) -> TorchCode:
        """`apply` in PyTorch."""
        own = fitted["quantiles"].reshape(len(fitted["quantiles"]), -1).T
        if own.shape[1] < 2:
            raise NotImplementedError(self.name)
        return TorchCode(f"Quantile({own.shape[1]}, {own.shape[0]})", {"quantiles": own}, {"Quantile": SOURCE})
