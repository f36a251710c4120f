"""The overfit check of `trainlab check`: whether a copy of the network can fit a few rows."""

from dataclasses import replace
from typing import Any, cast

import numpy as np

from trainlab.core.component import make
from trainlab.core.streams import Streams
from trainlab.diagnose.trials import TinyFit
from trainlab.engine.trainer import Trainer
from trainlab.engine.training_config import TrainingConfig
from trainlab.nn.layer import Layer
from trainlab.nn.loss import Loss
from trainlab.optim.optimizer import Optimizer
from trainlab.optim.schedule import Schedule
from trainlab.tools.network_copy import HEAVY, copy_of, finite_rows
from trainlab.training.setup import TrainingSetup

TINY_ROWS = 20  # half as many in a heavy network
_LEARNED = 0.02  # of the loss at chance: about zero
_RATES = (3e-3, 3e-2, 3e-4)  # of Adam, one after the other: a network that learns with none of them cannot learn
_TINY_STEPS = (50, 400)  # least and most for each rate
_TINY_WORK = 2e10  # multiplications that the steps of one rate may take, some seconds


def tiny_fit(setup: TrainingSetup) -> TinyFit | None:
    """Train a copy of the network with Adam on a few rows, without dropout and regularization.

    There are fewer than `TINY_ROWS` rows if the network is too small for them. Training ends when the loss is about
    zero, or after a number of steps that depends on the network's size. Returns None if no row is finite.
    """
    layers = [_undisturbed(node.layer) for node in setup.net.nodes]
    net = copy_of(setup, layers, str(setup.net.dtype))
    most = TINY_ROWS if net.forward_work < HEAVY else TINY_ROWS // 2
    rows = int(np.clip(net.trained // (2 * net.out_shape[-1]), 2, most))
    index = finite_rows(setup, rows)
    if not len(index):
        return None
    x, t = setup.parts.train.x[index], setup.t_train[index]
    loss = _sharp(setup.config.loss)
    chance = loss.chance(t, setup.parts.task)
    steps = int(np.clip(_TINY_WORK // (6 * len(index) * net.forward_work), *_TINY_STEPS))
    recipe = TrainingConfig(
        loss=loss,
        optimizer=setup.config.optimizer,
        schedule=make(Schedule, "constant"),
        epochs=steps,
        batch_size=len(index),
        shuffle=False,
        regression=setup.config.regression,
    )
    start, best, done = net.theta.copy(), float("inf"), 0
    for rate in _RATES:
        net.theta[...] = start
        trainer = Trainer(net, replace(recipe, optimizer=make(Optimizer, "adam", lr=rate)), x, t, Streams(0))
        reached = _train(trainer, steps, _LEARNED * chance)
        done += trainer.step
        best = min(best, reached)
        if best <= _LEARNED * chance:
            break
    return TinyFit(len(index), done, best, chance)


def _train(trainer: Trainer, steps: int, enough: float) -> float:
    """The last loss after up to `steps` steps, fewer where the loss is low enough or no longer finite."""
    last = float("inf")
    while trainer.step < steps and not trainer.broken and not last <= enough:
        done = trainer.advance(min(10, steps - trainer.step))
        last = float(trainer.records[done - 1, 0])
    return last if np.isfinite(last) else float("inf")


def _undisturbed(layer: Layer) -> Layer:
    """The layer and its inner layers without dropout."""
    changes: dict[str, Any] = {}
    for name in type(layer).model_fields:
        value: Any = getattr(layer, name)
        if name == "drop":
            changes[name] = 0.0
        elif isinstance(value, Layer):
            changes[name] = _undisturbed(value)
        elif isinstance(value, list):
            items = cast("list[Any]", value)
            changes[name] = [_undisturbed(v) if isinstance(v, Layer) else v for v in items]
    return layer.model_copy(update=changes) if changes else layer


def _sharp(loss: Loss) -> Loss:
    """The loss without label smoothing, which keeps it above zero."""
    return loss.model_copy(update={"label_smoothing": 0.0}) if "label_smoothing" in type(loss).model_fields else loss
