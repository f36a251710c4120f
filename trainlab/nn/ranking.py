"""Rows ranked by a score: the counts that ROC and precision-recall curves are made of."""

import numpy as np

from trainlab.core.types import Array


def ranked(truth: Array, score: Array, weights: Array) -> tuple[Array, Array, Array]:
    """Weights of the true and of the false positives (float64) at each threshold, and the thresholds, falling.

    truth (n,): whether a row is positive · score (n,): larger the more likely it is · weights (n,). A row is predicted
    positive if its score is at least the threshold; there is one threshold for each different score.
    Source: scikit-learn's `_binary_clf_curve`.
    """
    order = np.argsort(-score, kind="stable")
    score, truth, weights = score[order], truth[order].astype(np.float64), weights[order]
    last = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)  # the last row of each score
    return np.cumsum(truth * weights)[last], np.cumsum((1.0 - truth) * weights)[last], score[last]
