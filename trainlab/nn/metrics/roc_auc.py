"""ROC AUC: how well a score puts the rows of a class before the others."""

import numpy as np

from trainlab.core.types import Array
from trainlab.nn.metrics._per_class import Ranked
from trainlab.nn.ranking import ranked


class RocAuc(Ranked, name="roc_auc"):
    """The probability that a row of the class has a larger score than a row of another class; 0.5 for a guess.

    It is the area under the ROC curve, and does not depend on a threshold nor on how frequent the class is. With two
    classes the value is the same for both. With more it is the mean of each class against the rest; classes without
    rows are left out. Not defined (nan) if all rows are of one class.

    Source: Fawcett 2006, "An introduction to ROC analysis"; scikit-learn's `roc_auc_score` with `multi_class="ovr"`.
    """

    def each(self, truth: Array, given: Array, w: Array) -> float:
        """The area under the curve of true against false positives, by the trapezoid rule."""
        true, false, _ = ranked(truth, given, w)
        if not true[-1] or not false[-1]:
            return float("nan")
        up, along = np.append(0.0, true / true[-1]), np.append(0.0, false / false[-1])
        return float((np.diff(along) * (up[1:] + up[:-1]) / 2.0).sum())
