"""Recall: how many rows of a class are found."""

from trainlab.nn.metrics._per_class import Decided


class Recall(Decided, name="recall"):
    """TP / (TP + FN): the share of the class's rows that are predicted as it (its sensitivity), from 0 to 1.

    The mean over the classes, unless `class` names one.

    Source: scikit-learn's `recall_score` with `zero_division=0`.
    """

    def share(self, true: float, false: float, missed: float) -> tuple[float, float]:
        """TP / (TP + FN)."""
        return true, true + missed
