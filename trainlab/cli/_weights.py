"""The option `--weights` of several commands."""

from enum import StrEnum


class Weights(StrEnum):
    """The best epoch's, the last step's, or the moving average of the last (runs with train.average)."""

    best = "best"
    last = "last"
    average = "average"
