"""Fill: what is missing becomes a value learned from the training rows."""

from typing import Literal

import numpy as np

from trainlab.core.component import setting
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape
from trainlab.data.columns import Choice, Columns
from trainlab.data.lazy import LazyRows, chunks
from trainlab.data.preprocess._statistics import in_memory
from trainlab.data.preprocessor import COLUMNS, Preprocessor

SOURCE = '''class Fill(nn.Module):
    """A value in place of what is not finite; then a column of 0 and 1 for each marked column."""

    def __init__(self, shape, marked):
        super().__init__()
        self.marked = marked
        self.register_buffer("value", torch.zeros(shape, dtype=torch.float64))

    def forward(self, x):
        known = torch.isfinite(x)
        filled = torch.where(known, x, self.value)
        return torch.cat([filled, (~known[:, self.marked]).double()], 1) if self.marked else filled
'''


class Fill(Preprocessor, name="fill"):
    """Values that are nan or infinite become the median of their feature's other training values, 0 if it has none.

    Put it first: whatever comes after it is fitted on finite values. With `indicator: true` each feature that lacks
    values in training gets one more input that is 1 where its value was missing: use it where that means something.
    Of large stored rows the value is learned from 64 MB, drawn at random.

    Source: scikit-learn's SimpleImputer, which takes nan only.

    >>> import numpy as np
    >>> rows = np.array([[1.0], [np.nan], [2.0], [6.0]])
    >>> Fill().apply(rows, Fill().fit(rows)).ravel().tolist()
    [1.0, 2.0, 2.0, 6.0]
    """

    columns: Choice = setting("all", COLUMNS)
    strategy: Literal["median", "mean", "most_frequent", "constant"] = setting(
        "median", "what is put there, of the feature's training values; constant: `value`"
    )
    value: float = setting(0.0, "the constant")
    indicator: bool = setting(False, "add an input per feature with missing values: 1 where it was missing")

    def fit(self, x: Array | LazyRows) -> dict[str, Array]:
        """`value` of each feature, and the indices of the features that get an indicator, if any do."""
        fitted = {"value": self._values(x).reshape(x.shape[1:])}
        if self.indicator:
            complete = [np.isfinite(part.reshape(len(part), -1)).all(axis=0) for part in chunks(x)]
            fitted["marked"] = np.flatnonzero(~np.logical_and.reduce(complete))
        return fitted

    def apply(self, x: Array, fitted: dict[str, Array]) -> Array:
        """x with the value where it is not finite, and with the indicators behind the other features."""
        known = np.isfinite(x)
        value = fitted["value"] if "value" in fitted else fitted["mean"]  # runs before 0.3 filled in the mean only
        filled = np.where(known, x, value)
        if "marked" not in fitted:
            return filled
        if x.ndim != 2:
            raise ValueError("an indicator is for rows of numbers")
        return np.hstack([filled, ~known[:, fitted["marked"].astype(np.int64)]])

    def out_shape(self, shape: Shape) -> Shape | None:
        """The same; known after fitting only where there are indicators."""
        return None if self.indicator else shape

    def made(self, columns: Columns, fitted: dict[str, Array], width: int) -> Columns:
        """The columns of x, and an indicator for each of the marked ones."""
        marked = tuple(f"{columns.names[i]}=(missing)" for i in fitted["marked"].astype(np.int64))
        return columns.joined(Columns(marked, ("binary",) * len(marked)))

    def _values(self, x: Array | LazyRows) -> Array:
        if self.strategy == "constant":
            return np.full(int(np.prod(x.shape[1:])), self.value)
        rows = in_memory(x)[0]
        rows = rows.reshape(len(rows), -1)
        known, value = np.isfinite(rows), np.zeros(rows.shape[1])
        for i in range(rows.shape[1]):
            cells = rows[known[:, i], i] if not known[:, i].all() else rows[:, i]
            if not len(cells):
                continue
            if self.strategy == "mean":
                value[i] = cells.mean()
            elif self.strategy == "median":
                value[i] = np.median(cells)
            else:
                different, counts = np.unique(cells, return_counts=True)
                value[i] = different[counts.argmax()]
        return value

    def torch_code(self, shape: Shape, fitted: dict[str, Array]) -> TorchCode:
        """`apply` in PyTorch."""
        value = fitted["value"] if "value" in fitted else fitted["mean"]
        marked = [int(i) for i in fitted["marked"]] if "marked" in fitted else []
        return TorchCode(f"Fill({value.shape}, {marked})", {"value": value}, {"Fill": SOURCE})
