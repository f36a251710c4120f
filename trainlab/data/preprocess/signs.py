"""Signs: columns of 0 and 1 become -1 and +1."""

import numpy as np

from trainlab.core.component import setting
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.data.columns import Choice
from trainlab.data.lazy import LazyRows
from trainlab.data.preprocessor import COLUMNS, Preprocessor

SOURCE = '''class Signs(nn.Module):
    """1 where x is 1, -1 where it is 0, else 0."""

    def forward(self, x):
        return (x == 1).double() - (x == 0).double()
'''


class Signs(Preprocessor, name="signs"):
    """0 becomes -1, 1 becomes +1, and every other value, a missing one too, becomes 0.

    So both values of a binary column are equally far from 0, and a missing one lies between them. Put it before `fill`.
    By default it acts on the binaries of a table: columns that hold only 0 and 1, and columns of two categories.

    Source: Holzmüller et al. 2024, "Better by default", arXiv:2407.04491, section 3.1.

    >>> import numpy as np
    >>> Signs().apply(np.array([[0.0], [1.0], [np.nan]]), {}).ravel().tolist()
    [-1.0, 1.0, 0.0]
    """

    columns: Choice = setting("binaries", COLUMNS)

    def fit(self, x: Array | LazyRows) -> dict[str, Array]:
        """Nothing."""
        return {}

    def apply(self, x: Array, fitted: dict[str, Array]) -> Array:
        """(x = 1) - (x = 0)."""
        return (x == 1).astype(np.float64) - (x == 0)

    def torch_code(self, shape: Shape, fitted: dict[str, Array]) -> TorchCode:
        """`apply` in PyTorch."""
        return TorchCode("Signs()", classes={"Signs": SOURCE})
