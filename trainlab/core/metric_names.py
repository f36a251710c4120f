"""Whether a metric improves when it rises or when it falls, from its name."""

import re

_HIGHER = {"accuracy", "acc", "r2", "f1", "precision", "recall", "auc", "top", "kappa", "matthews", "explained"}
_LOWER = {"loss", "error"}  # they decide: `top_1_error` falls


def lower_is_better(metric: str) -> bool:
    """False for accuracies, R2, F1, precision, recall, AUC, top-k and the like, with any prefix; True for all others.

    >>> lower_is_better("val_loss"), lower_is_better("val_accuracy"), lower_is_better("test_mae")
    (True, False, True)
    """
    words = set(re.split(r"[_/.\s-]+", metric.lower()))
    return bool(words & _LOWER) or not any(word in _HIGHER or word.rstrip("0123456789") in _HIGHER for word in words)
