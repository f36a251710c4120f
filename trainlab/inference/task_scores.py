"""Scores of the tasks that are neither plain classes nor plain numbers: labels, levels and quantiles."""

from importlib import import_module
from typing import Any

import numpy as np

from trainlab.core.types import Array


def label_scores(y: Array, answers: Array) -> dict[str, float]:
    """Of labels (rows, labels): the share that is right, rows whose labels are all right, and F1.

    `f1` is the mean over the labels, `f1_micro` counts all labels of all rows together.
    """
    metrics: Any = import_module("sklearn.metrics")
    true = y > 0.5
    return {
        "accuracy": float(np.equal(answers, true).mean()),
        "subset_accuracy": float(np.equal(answers, true).all(axis=1).mean()),
        "f1": float(metrics.f1_score(true, answers, average="macro", zero_division=0)),
        "f1_micro": float(metrics.f1_score(true, answers, average="micro", zero_division=0)),
        "hamming_loss": float(np.not_equal(answers, true).mean()),
    }


def level_scores(y: Array, answers: Array) -> dict[str, float]:
    """Of levels (rows,): the mean number of levels between prediction and truth."""
    return {"mae": float(np.abs(answers.astype(np.int64) - y.astype(np.int64)).mean())}


def quantile_scores(y: Array, quantiles: Array, shares: list[float]) -> dict[str, float]:
    """Of quantiles (rows, targets, quantiles) in the target's own units: the mean pinball loss, and how many of the
    targets lie between the lowest and the highest one (`coverage`), which the shares promise to be `expected_coverage`.
    """
    r, a = y[:, :, None] - quantiles, np.array(shares)
    scores = {"pinball": float(np.maximum(a * r, (a - 1) * r).mean())}
    if len(shares) > 1:
        inside = (y >= quantiles[:, :, 0]) & (y <= quantiles[:, :, -1])
        scores |= {"coverage": float(inside.mean()), "expected_coverage": shares[-1] - shares[0]}
    return scores


def quantile_names(shares: list[float]) -> list[str]:
    """What the columns of quantiles are called.

    >>> quantile_names([0.1, 0.5, 0.975])
    ['q10', 'q50', 'q97.5']
    """
    return [f"q{100 * share:.6g}" for share in shares]
