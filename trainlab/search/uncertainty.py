"""The uncertainty of a mean over a few runs, and a paired test of two configs that were run with the same seeds.

Folds share training rows, so their scores vary less than scores of independent data. For folds the variance of the mean
is therefore var (1 / n + 1 / (folds - 1)) instead of var / n.

The interval is Student's. Of a metric with bounds, such as an accuracy, it is cut there: the mean cannot lie beyond, so
the part that is left has the same coverage.

Source: Student 1908; for folds Nadeau & Bengio 2003, "Inference for the generalization error", Machine Learning 52.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from statistics import fmean, variance

from trainlab.core.metric_names import bounds

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Spread:
    """A mean over runs, its standard error, and the t-interval of 95 % around it, cut at the bounds of the metric."""

    mean: float
    std_error: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """The mean difference of two configs over the same seeds or folds, first minus second, and its interval.

    p: probability of a difference at least as large if the configs were equally good.
    """

    difference: float
    std_error: float
    low: float
    high: float
    p: float
    pairs: int

    @property
    def clear(self) -> bool:
        """Whether the interval excludes 0: the configs differ significantly."""
        return self.low > 0 or self.high < 0


def spread(scores: Sequence[float], folds: int | None = None, *, metric: str = "") -> Spread | None:
    """The mean of the scores of runs and its uncertainty; None for fewer than two, or one that is not finite.
    metric: the interval ends at its bounds.

    >>> found = spread([0.90, 0.92, 0.94])
    >>> [round(x, 4) for x in (found.mean, found.std_error, found.low, found.high)]
    [0.92, 0.0115, 0.8703, 0.9697]
    >>> spread([0.97, 0.99, 1.0], metric="val_accuracy").high
    1.0
    """
    if len(scores) < 2 or not all(map(isfinite, scores)):
        return None
    mean, error = fmean(scores), _std_error(scores, folds)
    half = _quantile(len(scores) - 1) * error
    least, most = bounds(metric)
    return Spread(mean, error, max(least, mean - half), min(most, mean + half))


def paired(one: Sequence[float], two: Sequence[float], folds: int | None = None) -> Comparison | None:
    """The paired t-test of two configs; scores in the order of their seeds and folds. None without two pairs.

    >>> paired([0.9, 0.92, 0.94], [0.8, 0.83, 0.84]).clear, paired([0.9, 0.92, 0.94], [0.95, 0.85, 0.93]).clear
    (True, False)
    """
    if len(one) != len(two):
        return None
    differences = [a - b for a, b in zip(one, two, strict=True)]
    found = spread(differences, folds)
    if found is None:
        return None
    if found.std_error == 0:
        p = 1.0 if found.mean == 0 else 0.0
    else:
        p = _tails(found.mean / found.std_error, len(differences) - 1)
    return Comparison(found.mean, found.std_error, found.low, found.high, p, len(differences))


def _std_error(scores: Sequence[float], folds: int | None) -> float:
    shared = 1 / (folds - 1) if folds else 0.0
    return sqrt(variance(scores) * (1 / len(scores) + shared))


def _quantile(freedom: int) -> float:
    """The t that a share LEVEL of Student's distribution lies within."""
    from scipy.special import stdtrit  # pyright: ignore[reportMissingTypeStubs] - SciPy brings none

    return float(stdtrit(freedom, (1 + LEVEL) / 2))


def _tails(t: float, freedom: int) -> float:
    """The share of Student's distribution that lies further out than t, on both sides."""
    from scipy.special import stdtr  # pyright: ignore[reportMissingTypeStubs] - SciPy brings none

    return float(2 * stdtr(freedom, -abs(t)))
