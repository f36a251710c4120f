"""Normalize: every row gets length one."""

from typing import Literal

import numpy as np

from trainlab.core.component import setting
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.data.lazy import LazyRows
from trainlab.data.preprocessor import Preprocessor

SOURCE = '''class Normalize(nn.Module):
    """x divided by the norm of its row; a row of zeros stays."""

    def __init__(self, order):
        super().__init__()
        self.order = order

    def forward(self, x):
        length = torch.linalg.vector_norm(x.flatten(1), self.order, dim=1)
        return x / torch.where(length == 0, 1.0, length).reshape(-1, *[1] * (x.ndim - 1))
'''


class Normalize(Preprocessor, name="normalize"):
    """x / |x|, row by row, independent of the other rows: only the direction of a row remains. Rows of zeros stay zero.

    Source: scikit-learn's Normalizer.

    >>> import numpy as np
    >>> Normalize().apply(np.array([[3.0, 4.0], [0.0, 0.0]]), {})
    array([[0.6, 0.8],
           [0. , 0. ]])
    """

    norm: Literal["l2", "l1", "max"] = setting("l2", "root of the sum of squares, sum of sizes, or largest size")

    def fit(self, x: Array | LazyRows) -> dict[str, Array]:
        """Nothing: no row depends on another."""
        return {}

    def apply(self, x: Array, fitted: dict[str, Array]) -> Array:
        """x / |x|."""
        order = {"l2": 2, "l1": 1, "max": np.inf}[self.norm]
        length = np.linalg.norm(x.reshape(len(x), -1), ord=order, axis=1)
        return x / np.where(length == 0, 1.0, length).reshape(-1, *[1] * (x.ndim - 1))

    def torch_code(self, shape: Shape, fitted: dict[str, Array]) -> TorchCode:
        """`apply` in PyTorch."""
        order = {"l2": "2", "l1": "1", "max": "float('inf')"}[self.norm]
        return TorchCode(f"Normalize({order})", classes={"Normalize": SOURCE})
