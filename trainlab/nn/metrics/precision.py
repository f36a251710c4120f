"""Precision: how often a prediction of a class is right."""

from trainlab.nn.metrics._per_class import Decided


class Precision(Decided, name="precision"):
    """TP / (TP + FP): the share of right ones among the rows that are predicted as the class, from 0 to 1.

    The mean over the classes, unless `class` names one.

    Source: scikit-learn's `precision_score` with `zero_division=0`.
    """

    def share(self, true: float, false: float, missed: float) -> tuple[float, float]:
        """TP / (TP + FP)."""
        return true, true + false
