"""Combines the outputs of several networks: the mean of what they predict, the mean of raw outputs, or a vote.

The result has the form of one network's outputs, so that the loss of the members predicts and scores it, too.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import Any, Literal

import numpy as np

from trainlab.core.errors import UserError
from trainlab.core.types import Array, Task
from trainlab.inference.model import mean_loss
from trainlab.nn.loss import Loss

Method = Literal["probabilities", "logits", "vote"]
TIE = 1e-9  # shares of votes differ by more, so the tie breaker never outweighs a vote


def combine(
    method: Method,
    outputs: Sequence[Array],
    weights: Array,
    loss: Loss,
    task: Task,
    chosen: Sequence[Array] | None = None,
) -> Array:
    """One array of outputs (rows, units) in float64 from those of the members, each weighted; weights sum to 1.

    chosen: the class that each member chooses in each row, for a vote; by default the one with the largest output.

    probabilities: outputs that predict the weighted mean of what the members predict, their probabilities or numbers
    (`Loss.averaged`). logits: the weighted mean of the outputs. vote: the weighted share of members that choose each
    class; among equal shares the class with the larger mean output wins; numbers cannot be voted on, so they are
    averaged. Raises UserError if the loss has no probabilities.
    """
    if method == "logits":
        return sum_of(outputs, weights)
    together = np.stack([np.asarray(y, np.float64) for y in outputs], axis=1)
    if task.kind == "regression":
        return loss.averaged(together, task, weights)
    if method == "vote" and (task.kind == "multilabel" or loss.name == "ordinal"):
        raise UserError(f"members vote for classes; a {task.word} ensemble averages: use --by probabilities")
    if method == "vote":
        return _votes(outputs, weights, chosen or [loss.predict(y, task) for y in outputs], task)
    if loss.probabilities(outputs[0]) is None:
        raise UserError(f"the loss {loss.name} gives no probabilities to average; use --by logits or --by vote")
    return loss.averaged(together, task, weights)


def sum_of(arrays: Sequence[Array], weights: Array) -> Array:
    """The weighted sum of arrays, in float64."""
    return np.sum([w * np.asarray(a, np.float64) for w, a in zip(weights, arrays, strict=True)], axis=0)


def fitted_weights(method: Method, outputs: Sequence[Array], targets: Array, loss: Loss, task: Task) -> Array:
    """The non-negative weights with sum 1 that minimize the loss of the combined outputs on these targets.

    Found by sequential quadratic programming (SciPy's SLSQP) from equal weights, and never worse on these rows than
    equal weights. Not for a vote, whose shares are not a smooth function of the weights.
    """

    def cost(weights: Array) -> float:
        return mean_loss(loss, combine(method, outputs, weights, loss, task), targets, task)

    equal = np.full(len(outputs), 1 / len(outputs))
    found: Any = import_module("scipy.optimize").minimize(
        cost,
        equal,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * len(outputs),
        constraints=[{"type": "eq", "fun": _beyond_one}],
    )
    weights: Array = np.clip(np.asarray(found.x, np.float64), 0.0, None)
    weights /= float(weights.sum())
    return weights if cost(weights) <= cost(equal) else equal


def _beyond_one(weights: Array) -> float:
    return float(weights.sum()) - 1.0


def agreement(answers: Sequence[Array], kind: str) -> Array:
    """(members, members): the share of rows on which two members agree; for a regression their correlation."""
    if kind == "regression":
        flat = np.stack([np.asarray(a, np.float64).ravel() for a in answers])
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.corrcoef(flat), np.float64)
    return np.array([[np.count_nonzero(a == b) / len(a) for b in answers] for a in answers])


def _votes(outputs: Sequence[Array], weights: Array, chosen: Sequence[Array], task: Task) -> Array:
    classes = np.arange(task.outputs)
    votes = sum_of([choice[:, None] == classes for choice in chosen], weights)
    mean = sum_of(outputs, weights)
    if mean.shape[1] == 1:
        mean = np.concatenate([-mean, mean], axis=1)
    votes = votes + TIE * (1 + np.tanh(mean - mean.max(axis=1, keepdims=True)))
    return votes if outputs[0].shape[1] == votes.shape[1] else votes[:, 1:] - votes[:, :1]
