"""F1: precision and recall in one number."""

from trainlab.nn.metrics._per_class import Decided


class F1(Decided, name="f1"):
    """2 TP / (2 TP + FP + FN): the harmonic mean of precision and recall, from 0 to 1.

    It ignores the rows that are rightly not predicted as the class, so a large class does not hide a small one. The
    mean over the classes (macro F1), unless `class` names one: no class is the positive one by itself.

    Source: van Rijsbergen 1979, "Information Retrieval", chapter 7; scikit-learn's `f1_score` with `zero_division=0`.
    """

    def share(self, true: float, false: float, missed: float) -> tuple[float, float]:
        """2 TP / (2 TP + FP + FN)."""
        return 2.0 * true, 2.0 * true + false + missed
