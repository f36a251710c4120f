"""Smooth clip: values far from 0 are pulled towards a limit that they never reach."""

import numpy as np

from trainlab.core.component import setting
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.data.lazy import LazyRows
from trainlab.data.preprocessor import Preprocessor

SOURCE = '''class SmoothClip(nn.Module):
    """x / sqrt(1 + (x / limit)^2)."""

    def __init__(self, limit):
        super().__init__()
        self.limit = limit

    def forward(self, x):
        return x / torch.hypot(torch.ones_like(x), x / self.limit)
'''


class SmoothClip(Preprocessor, name="smooth_clip"):
    """x / sqrt(1 + (x / limit)^2): nearly x around 0, and between -limit and limit everywhere.

    Put it behind `robust` or `standardize`. Other than `clip` it keeps the order of outliers, and no gradient ends.

    Source: Holzmüller et al. 2024, "Better by default", arXiv:2407.04491, section 3.1, with limit 3.

    >>> import numpy as np
    >>> SmoothClip().apply(np.array([[0.1], [4.0], [-1e9]]), {}).round(4).ravel().tolist()
    [0.0999, 2.4, -3.0]
    """

    limit: float = setting(3.0, "what no value exceeds", gt=0)

    def fit(self, x: Array | LazyRows) -> dict[str, Array]:
        """Nothing."""
        return {}

    def apply(self, x: Array, fitted: dict[str, Array]) -> Array:
        """x / sqrt(1 + (x / limit)^2), with a root that does not overflow."""
        return x / np.hypot(1.0, x / self.limit)

    def torch_code(self, shape: Shape, fitted: dict[str, Array]) -> TorchCode:
        """`apply` in PyTorch."""
        return TorchCode(f"SmoothClip({self.limit})", classes={"SmoothClip": SOURCE})
