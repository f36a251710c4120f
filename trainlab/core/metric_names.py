"""Whether a metric improves when it rises or when it falls, and between which bounds it lies, from its name."""

import re
from math import inf

_HIGHER = {"accuracy", "acc", "r2", "f1", "precision", "recall", "auc", "top", "kappa", "matthews", "explained"}
_LOWER = {"loss", "error"}  # they decide: `top_1_error` falls
_SHARES = {"accuracy", "acc", "f1", "precision", "recall", "auc", "top"}
_AT_MOST_ONE = {"r2", "explained"}
_CORRELATIONS = {"kappa", "matthews"}
_DISTANCES = {"mae", "mse", "rmse"}


def lower_is_better(metric: str) -> bool:
    """False for accuracies, R2, F1, precision, recall, AUC, top-k and the like, with any prefix; True for all others.

    >>> lower_is_better("val_loss"), lower_is_better("val_accuracy"), lower_is_better("test_mae")
    (True, False, True)
    """
    words = _words(metric)
    return bool(words & _LOWER) or not words & _HIGHER


def bounds(metric: str) -> tuple[float, float]:
    """The least and the largest value that a metric of this name can have; infinite where there is no bound.

    >>> bounds("val_accuracy"), bounds("test_r2"), bounds("val_loss")
    ((0.0, 1.0), (-inf, 1.0), (-inf, inf))
    """
    words = _words(metric)
    if "loss" in words:
        return -inf, inf
    if words & _SHARES:
        return 0.0, 1.0
    if words & _CORRELATIONS:
        return -1.0, 1.0
    return (0.0 if words & _DISTANCES else -inf), (1.0 if words & _AT_MOST_ONE else inf)


def _words(metric: str) -> set[str]:
    """The words of a name, those with a number at their end also without it: `top5` is `top`."""
    words = set(re.split(r"[_/.\s-]+", metric.lower()))
    return words | {word.rstrip("0123456789") for word in words}
