"""Clip: values outside two quantiles of the training rows are moved to them."""

import numpy as np

from trainlab.core.component import setting
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.data.lazy import LazyRows
from trainlab.data.preprocess._statistics import PER, Per, axes, in_memory
from trainlab.data.preprocessor import Preprocessor

SOURCE = '''class Clip(nn.Module):
    """min(max(x, low), high)."""

    def __init__(self, shape):
        super().__init__()
        self.register_buffer("low", torch.zeros(shape, dtype=torch.float64))
        self.register_buffer("high", torch.zeros(shape, dtype=torch.float64))

    def forward(self, x):
        return torch.minimum(torch.maximum(x, self.low), self.high)
'''


class Clip(Preprocessor, name="clip"):
    """min(max(x, low), high), where low and high are quantiles of the training rows; also called winsorizing.

    Use it before `standardize` if some values are far too large (prices, counts, broken sensors): a single one would
    otherwise shrink the differences between all others. Fitting holds all training rows in memory, of
    large stored rows 64 MB, drawn at random.

    Source: Tukey 1962, "The future of data analysis", section 16 (winsorizing).

    >>> import numpy as np
    >>> rows = np.array([[0.0], [1.0], [2.0], [3.0], [1000.0]])
    >>> clip = Clip(low=0.0, high=0.75)
    >>> clip.apply(np.array([[-5.0], [2.5], [1000.0]]), clip.fit(rows)).ravel().tolist()
    [0.0, 2.5, 3.0]
    """

    low: float = setting(0.01, "quantile of the training rows below which values are raised to it", ge=0, lt=0.5)
    high: float = setting(0.99, "quantile of the training rows above which values are lowered to it", gt=0.5, le=1)
    per: Per = setting("feature", PER)

    def fit(self, x: Array | LazyRows) -> dict[str, Array]:
        """The two quantiles."""
        low, high = np.quantile(in_memory(x)[0], [self.low, self.high], axis=axes(x.ndim, self.per))
        return {"low": low, "high": high}

    def apply(self, x: Array, fitted: dict[str, Array]) -> Array:
        """min(max(x, low), high)."""
        return np.clip(x, fitted["low"], fitted["high"])

    def torch_code(self, shape: Shape, fitted: dict[str, Array]) -> TorchCode:
        """`apply` in PyTorch."""
        return TorchCode(f"Clip({fitted['low'].shape})", dict(fitted), {"Clip": SOURCE})
