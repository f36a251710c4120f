"""Average precision: the area under the precision-recall curve."""

import numpy as np

from trainlab.core.types import Array
from trainlab.nn.metrics._per_class import Ranked
from trainlab.nn.ranking import ranked


class AveragePrecision(Ranked, name="average_precision"):
    """The precision at each threshold, weighted by how much recall it adds; a guess has the share of the class's rows.

        AP = sum over thresholds of (R_n - R_{n-1}) P_n

    It looks at the rows with the largest scores first, so it says more than `roc_auc` about a rare class: name that
    class with `class`. Otherwise it is the mean over the classes that have rows.

    Source: scikit-learn's `average_precision_score`, which does not interpolate.
    """

    def each(self, truth: Array, given: Array, w: Array) -> float:
        """The sum over the thresholds; 0 without a row of the class."""
        true, false, _ = ranked(truth, given, w)
        if not true[-1]:
            return 0.0
        both = true + false
        precision = np.divide(true, both, out=np.zeros_like(true), where=both > 0)
        return float((np.diff(np.append(0.0, true / true[-1])) * precision).sum())
