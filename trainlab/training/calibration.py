"""Temperature scaling: one number, fitted on validation rows after training, that calibrates the probabilities.

A network that is right in 80 % of the rows of which it is 95 % sure has a temperature above 1. Dividing the outputs by
it changes no label, since the order of the outputs stays.

Source: Guo et al. 2017, arXiv:1706.04599, section 4.2.
"""

import math
from importlib import import_module
from typing import Any

import numpy as np

from trainlab.core.types import Array, Task
from trainlab.engine.evaluator import Evaluator
from trainlab.nn.loss import Loss
from trainlab.store.decision import Temperature
from trainlab.training.setup import TrainingSetup

_TINY = float(np.finfo(np.float64).tiny)
_ALL_RIGHT = "every validation row is classified correctly, so that a lower temperature always looks better"
_CHANCE = "on the validation rows the network is no better than chance"
_HIGHEST = 100.0  # the outputs of a network at chance level ask for ever higher temperatures


def calibrated(setup: TrainingSetup, evaluator: Evaluator) -> Temperature | None:
    """The temperature of the network with its current weights, if the config asks for one. Uses validation rows."""
    if setup.experiment.calibrate is None or setup.parts.val is None:
        return None
    return fit_temperature(setup.config.loss, evaluator.outputs(setup.parts.val.x), setup.parts.val.y, setup.parts.task)


def fit_temperature(loss: Loss, outputs: Array, t: Array, task: Task) -> Temperature:
    """The temperature with the least log loss for outputs (rows, units) of rows with these targets.

    t: class indices (rows,), or 0 and 1 for each label (rows, labels).

    The plain log loss: without the class weights or the label smoothing of the training, which move probabilities
    away from the shares of the rows. It stays 1 where the log loss has no minimum: every row is right, so that less
    would always be better, or the network is no better than chance, so that more would be.
    """
    y, rows = outputs.astype(np.float64), len(outputs)
    if not np.isfinite(y).all():
        return Temperature(1.0, rows, None, "the network's outputs for the validation rows are not finite")

    def cost(log_t: float) -> float:
        return log_loss(probabilities(loss, y, math.exp(log_t)), t)

    before, bound = cost(0.0), math.log(_HIGHEST)
    if (loss.predict(y, task) == t).all():
        return Temperature(1.0, rows, (before, before), _ALL_RIGHT)
    search: Any = import_module("scipy.optimize").minimize_scalar
    found = search(cost, bounds=(-bound, bound), method="bounded", options={"xatol": 1e-7})
    if float(found.x) > 0.99 * bound:
        return Temperature(1.0, rows, (before, before), _CHANCE)
    if float(found.x) < -0.99 * bound:
        return Temperature(1.0, rows, (before, before), _ALL_RIGHT)
    return Temperature(math.exp(float(found.x)), rows, (before, float(found.fun)))


def scaled(outputs: Array, temperature: Temperature | None) -> Array:
    """The outputs divided by the temperature, in their own float type."""
    return outputs if temperature is None else outputs / outputs.dtype.type(temperature.value)


def probabilities(loss: Loss, outputs: Array, temperature: float) -> Array:
    """Probabilities (rows, classes) of outputs at a temperature. Raises TypeError for a loss that has none."""
    found = loss.probabilities(outputs / temperature)
    if found is None:
        raise TypeError(f"{loss.name} gives no probabilities")
    return found


def log_loss(p: Array, t: Array) -> float:
    """The mean of -log of the probability of the right class (t: indices), or of each right label (t: 0 or 1).

    The metric `log_loss` stops at 2e-16; a search needs the slope below it, too.
    """
    if t.ndim == 1:
        right = p[np.arange(len(t)), t]
    else:
        p = p[:, -t.shape[1] :]  # a single label has the probabilities of both answers
        right = np.where(t > 0.5, p, 1.0 - p)
    return float(-np.log(np.maximum(right, _TINY)).mean())
