"""Fill: what is missing becomes the training mean."""

import numpy as np

from trainlab.core.types import Array
from trainlab.data.lazy import LazyRows, chunks
from trainlab.data.preprocessor import Preprocessor


class Fill(Preprocessor, name="fill"):
    """Values that are nan or infinite become the mean of their feature's other training values, 0 if it has none.

    Put it first: whatever comes after it is fitted on finite values. Rows whose missing values mean something are
    better repaired in the data.

    Source: scikit-learn's SimpleImputer (mean), which takes nan only.

    >>> import numpy as np
    >>> rows = np.array([[1.0], [np.nan], [3.0]])
    >>> Fill().apply(rows, Fill().fit(rows)).ravel().tolist()
    [1.0, 2.0, 3.0]
    """

    def fit(self, x: Array | LazyRows) -> dict[str, Array]:
        """Mean of the finite values of each feature."""
        total, count = np.zeros(x.shape[1:]), np.zeros(x.shape[1:])
        for part in chunks(x):
            known = np.isfinite(part)
            total += np.where(known, part, 0.0).sum(axis=0)
            count += known.sum(axis=0)
        return {"mean": total / np.maximum(count, 1)}

    def apply(self, x: Array, fitted: dict[str, Array]) -> Array:
        """x with the mean where it is not finite."""
        return np.where(np.isfinite(x), x, fitted["mean"])
