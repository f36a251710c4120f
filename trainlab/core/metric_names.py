"""Whether a metric improves when it rises or when it falls, from its name."""

_HIGHER = {"accuracy", "r2", "f1", "precision", "recall", "auc", "top"}


def lower_is_better(metric: str) -> bool:
    """False for accuracies, R2, F1, precision, recall, AUC and top-k, with any prefix; True for all others.

    >>> lower_is_better("val_loss"), lower_is_better("val_accuracy"), lower_is_better("test_mae")
    (True, False, True)
    """
    return not any(word.rstrip("0123456789") in _HIGHER or word in _HIGHER for word in metric.lower().split("_"))
