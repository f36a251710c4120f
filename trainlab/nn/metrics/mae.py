"""Mean absolute error."""

from typing import ClassVar

import numpy as np

from trainlab.core.types import Array
from trainlab.nn.metrics._per_target import ErrorSize


class Mae(ErrorSize, name="mae"):
    """The mean of |y - t|, in the target's unit. A few large errors count less than in `rmse`.

    For levels (`data.task: ordinal`) it is the mean number of levels between the right and the predicted one.

    Source: scikit-learn's `mean_absolute_error`.
    """

    tasks: ClassVar[tuple[str, ...]] = ("regression", "ordinal")

    def each(self, t: Array, y: Array, w: Array | None) -> Array:
        """mean of |y - t|."""
        return np.average(np.abs(y - t), axis=0, weights=w)
