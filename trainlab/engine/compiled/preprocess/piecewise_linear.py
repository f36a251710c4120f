"""The kernel of piecewise_linear: a batch's rows with the bins of their numbers."""

from typing import cast

import numpy as np

from trainlab.core.types import Array
from trainlab.data.preprocess.piecewise_linear import PiecewiseLinear
from trainlab.data.widening import Widen
from trainlab.engine.compiled.builder import Op


def lower(step: Widen, x: Array, through: Array, out: Array) -> Op:
    """The op for the stored narrow rows x, of which row i lies at `through[i]`."""
    width = x.shape[1]
    narrow = width if step.columns is None else step.columns
    kept = cast("PiecewiseLinear", step.preprocessor).kept(narrow)
    bins = np.bincount(step.fitted["column"].astype(np.int64), minlength=narrow - kept)
    sizes = [width, kept, narrow - kept, width - narrow, int(bins.sum())]
    return Op("gather_bins", sizes, (), [x, through, np.ascontiguousarray(bins, np.int64), out])
