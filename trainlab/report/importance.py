"""The importance of each searched setting: what a model of the scores loses when it cannot use that setting.

A Gaussian process learns the rank of a trial's score from its settings on five sixths of the trials. On the other sixth
one setting is shuffled among the trials; the loss of explained variance is the importance. Ranks are used so that one
diverged trial does not outweigh all others. With few trials, or where the model explains nothing of the held-out
trials, no number is given.

Source: Breiman 2001, "Random Forests" (permutation importance, which goes with any model).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainlab.core.types import Array
from trainlab.search.gaussian_process import GaussianProcess
from trainlab.store.environment import thread_pools

METHOD = "permutation importance of a Gaussian process on held-out trials"
LEAST = 12  # trials, below which no importance is given
_FOLDS, _SHUFFLES = 6, 8
_LEAST_FIT = 0.1  # explained variance of held-out trials, below which no importance is given


@dataclass(frozen=True, slots=True)
class Importance:
    """Shares of the settings, the largest first, summing to 1, each with its standard error.

    `fit`: explained variance of the held-out trials (1 all, 0 none) · `note`: why there are no shares, or a caution.
    """

    shares: Mapping[str, float]
    errors: Mapping[str, float]
    fit: float
    trials: int
    note: str = ""
    method: str = METHOD


def importance(
    values: Mapping[str, Sequence[Any]], scores: Sequence[float], *, lower: bool, log: Sequence[str] = (), seed: int = 0
) -> Importance:
    """The importance of each setting. values: by setting, one value per trial; text and lists are categories.

    lower: a lower score is better · log: settings sampled on a logarithmic scale. A score that is not finite counts as
    the worst.
    """
    count = len(scores)
    names = [name for name, cells in values.items() if len({str(v) for v in cells}) > 1]
    if count < LEAST or not names:
        few = f"it needs {LEAST} trials, the sweep has {count}"
        reason = few if count < LEAST else "no setting varies"
        return Importance({}, {}, math.nan, count, reason)
    x = np.column_stack([_numbers(values[name], log=name in log) for name in names])
    options = np.array([not _ordered(values[name]) for name in names])
    y = _ranks(np.asarray(scores, np.float64), lower)
    # on one thread: threads of small matrices wait for each other, on a busy machine 50 times as long as they compute
    with thread_pools().limit(limits=1, user_api="blas"):  # pyright: ignore[reportUnknownMemberType]
        lost, fit = _lost(x, y, options, seed)
    mean = lost.mean(axis=0)
    error = lost.std(axis=0, ddof=1) / math.sqrt(len(lost))
    kept = np.clip(mean, 0.0, None)
    total = float(kept.sum())
    if fit < max(_LEAST_FIT, 1 / math.sqrt(count)) or total <= 0:  # a fit that few trials reach by chance
        note = f"the model explains only {100 * max(fit, 0.0):.0f} % of the variance on held-out trials"
        return Importance({}, {}, fit, count, note)
    order: list[int] = np.argsort(-kept, kind="stable").tolist()
    shares = {names[i]: float(kept[i]) / total for i in order}
    errors = {names[i]: float(error[i]) / total for i in order}
    note = "few trials: trust the order, not the numbers" if count < 30 else ""
    return Importance(shares, errors, fit, count, note)


def _lost(x: Array, y: Array, options: Array, seed: int) -> tuple[Array, float]:
    """(folds, settings): explained variance lost by shuffling each setting; and the variance explained with all."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(y))
    folds = np.array_split(order, min(_FOLDS, len(y) // 3))
    spread = float(np.var(y)) or 1.0
    lost, errors = np.zeros((len(folds), x.shape[1])), np.zeros(len(y))
    for i, held in enumerate(folds):
        rest = np.setdiff1d(order, held)
        model = GaussianProcess.fit(x[rest], y[rest], options)
        base = np.square(model.predict(x[held]) - y[held])
        errors[held] = base
        for j in range(x.shape[1]):
            shuffled = np.repeat(x[held], _SHUFFLES, axis=0)
            # from all trials: the few held-out ones may all have the same value
            shuffled[:, j] = rng.choice(x[:, j], len(shuffled))
            worse = np.square(model.predict(shuffled) - np.repeat(y[held], _SHUFFLES))
            lost[i, j] = (worse.mean() - base.mean()) / spread
    return lost, 1.0 - float(errors.mean()) / spread


def _numbers(cells: Sequence[Any], *, log: bool) -> Array:
    """A setting as numbers from 0 to 1; options by their alphabetical order, an absent one as one more option."""
    if _ordered(cells):
        found = np.asarray(cells, np.float64)
        if log and (found >= 0).all() and (found > 0).any():
            found = np.log10(np.where(found > 0, found, found[found > 0].min() / 10))  # 0 lies below all others
    else:
        known = sorted({str(v) for v in cells})
        found = np.array([known.index(str(v)) for v in cells], np.float64)
    return (found - found.min()) / (np.ptp(found) or 1.0)


def _ordered(cells: Sequence[Any]) -> bool:
    """Whether a setting's values are numbers."""
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in cells)


def _ranks(scores: Array, lower: bool) -> Array:
    """The ranks of the scores between 0 (worst) and 1 (best); equal scores share the mean of their ranks."""
    good = np.where(np.isfinite(scores), -scores if lower else scores, -np.inf)
    known, place = np.unique(good, return_inverse=True)
    counts = np.bincount(place, minlength=len(known))
    middle = np.cumsum(counts) - (counts + 1) / 2
    return middle[place] / max(1, len(scores) - 1)
