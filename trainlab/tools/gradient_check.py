"""The gradient check of `trainlab check`: backpropagation against finite differences, on a copy of the network."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from trainlab.core.types import Array
from trainlab.data.lazy import gather
from trainlab.diagnose.trials import GradientError
from trainlab.engine.buffers import Workspace
from trainlab.engine.members import loss_slot
from trainlab.engine.network import Net
from trainlab.optim.regularizer import Regularizer
from trainlab.tools.network_copy import HEAVY, copy_of, finite_rows
from trainlab.training.setup import TrainingSetup

COORDINATES = 4  # of every parameter: the steepest one and random ones; half as many in a heavy network
_STEPS = (1e-5, 1e-6, 1e-7)  # of the differences, tried until the slopes on both sides agree
_AGREE = 5e-5  # how far they may disagree, relative: half of what gradient-mismatch calls wrong
_ROUNDING = 2e-11  # of a loss of 1 that is summed in float64, times 10^5: smaller slopes drown in it at a step of 1


def gradient_errors(setup: TrainingSetup) -> list[GradientError] | None:
    """Compare every trained parameter's gradient with central differences at a few coordinates, in float64.

    The loss is the training loss: in training mode with one fixed noise, penalties included. Coordinates at a kink
    (relu at zero, a tie of a max pool) have two slopes and are left out. Returns None if the loss is not finite.

    Source: CS231n, "Gradient checks".
    """
    net = copy_of(setup, [node.layer for node in setup.net.nodes], "float64")
    work = net.forward_work
    coordinates = COORDINATES if work < HEAVY else COORDINATES // 2
    index = finite_rows(setup, int(np.clip(2e7 // work, 3, 16)))
    if not len(index):
        return None
    loss = _Loss(setup, net, index)
    with np.errstate(all="ignore"):
        start = loss()
        analytic = {name: g.copy() for name, g in loss.gradients().items()}
        if not np.isfinite(start) or not all(np.isfinite(g).all() for g in analytic.values()):
            return None
        rng = setup.streams.named("gradients")
        places = {name: rng.choice(g.size, min(coordinates, g.size), replace=False) for name, g in analytic.items()}
        found = {
            name: _compared(name, net.params[name], analytic[name], start, partial(loss, name), places[name].tolist())
            for name in loss.last_first(analytic)  # then what comes before a layer is as it was
        }
        return [found[name] for name in analytic]


class _Loss:
    """The training loss of a copy on some rows as a function of its parameters, with one fixed noise."""

    def __init__(self, setup: TrainingSetup, net: Net, index: Array) -> None:
        self.net, self._loss = net, setup.config.loss
        self._penalties: Iterable[Regularizer] = [p for p in setup.config.regularizers if p.penalizes]
        self._rng = np.random.default_rng(0)
        self._work: Workspace = net.workspace(len(index), train=True, rng=self._rng)
        gather(setup.parts.train.x, index, self._work.x)
        t = setup.t_train[index]
        t = t.astype(np.float64) if t.dtype.kind == "f" else t
        self._end = loss_slot(net.members, self._work.y, t, self._work.dy)
        self._weights = net.theta[: net.weights]
        chain = zip(net.nodes, self._work.chain, strict=True)
        self._layers = [(node, layer.forward, slot) for node, (layer, slot) in chain if not layer.view]
        self._owner = {
            f"{inner.name}.{key}": i
            for i, (node, _, _) in enumerate(self._layers)
            for inner in node.walk()
            for key in inner.params
        }
        self._noises = [self._rng.bit_generator.state for _ in self._layers]  # before each of them

    def __call__(self, changed: str = "") -> float:
        """The loss. changed: the parameter changed since the last call; layers before it are not computed again."""
        first = self._owner[changed] if changed else 0
        self._rng.bit_generator.state = self._noises[first]
        for i in range(first, len(self._layers)):
            self._noises[i] = self._rng.bit_generator.state
            _, forward, slot = self._layers[i]
            forward(slot)
        return float(self._loss.value(self._end)) + sum(p.penalty(self._weights) for p in self._penalties)

    def last_first(self, names: Iterable[str]) -> list[str]:
        """Names of parameters, those of the last layer first."""
        return sorted(names, key=self._owner.__getitem__, reverse=True)

    def gradients(self) -> dict[str, Array]:
        """The gradient of every trained parameter, after a call."""
        self._work.backward()
        grad = self.net.grad[: self.net.weights]
        for part in self._penalties:
            part.add_gradient(self._weights, grad)
        return self.net.views(self.net.grad)


def _compared(
    name: str, param: Array, analytic: Array, start: float, loss: Callable[[], float], places: list[int]
) -> GradientError:
    """The worst of a few coordinates of one parameter: its steepest one and others of `places`.

    The error is 0 if all of them are at kinks.
    """
    steepest = int(np.abs(analytic).argmax())
    scale = max(1e-2, float(np.sqrt(np.mean(np.square(param))))) if param.any() else 1.0
    worst, checked = GradientError(name, 0.0, 0.0, 0.0, 0), 0
    for place in list(dict.fromkeys([steepest, *places]))[: len(places)]:
        at = np.unravel_index(place, param.shape)
        found = _slope(param, at, start, loss, scale, float(analytic[at]))
        if found is None:
            continue
        checked += 1
        numeric, floor = found
        error = abs(float(analytic[at]) - numeric) / max(abs(float(analytic[at])), abs(numeric), floor)
        if error >= worst.error:
            worst = GradientError(name, error, float(analytic[at]), numeric, 0)
    return replace(worst, checked=checked)


def _slope(
    param: Array, at: tuple[Any, ...], start: float, loss: Callable[[], float], scale: float, analytic: float
) -> tuple[float, float] | None:
    """(slope, the size below which rounding hides a slope) at one coordinate; None if its two sides differ."""
    kept = param[at]
    for step in _STEPS:
        h = step * scale
        param[at] = kept + h
        up = loss()
        param[at] = kept - h
        down = loss()
        param[at] = kept
        floor = _ROUNDING * max(1.0, abs(start)) / h
        right, left, middle = (up - start) / h, (start - down) / h, (up - down) / (2 * h)
        if abs(right - left) <= _AGREE * max(abs(middle), abs(analytic), floor):
            return middle, floor
    return None
