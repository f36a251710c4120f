"""What `check` tries out on copies of the network: its gradients against differences, and a few rows learned by heart.

Nothing here touches the network of the run: copies have their own memory and their own randomness.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, cast

import numpy as np

from trainlab.core.component import make
from trainlab.core.streams import Streams
from trainlab.core.types import Array
from trainlab.data.lazy import gather
from trainlab.diagnose.trials import GradientError, TinyFit
from trainlab.engine.buffers import Workspace
from trainlab.engine.network import Net
from trainlab.engine.trainer import Trainer
from trainlab.engine.training_config import TrainingConfig
from trainlab.nn.layer import Layer
from trainlab.nn.loss import Loss, LossSlot
from trainlab.optim.optimizer import Optimizer
from trainlab.optim.regularizer import Regularizer
from trainlab.optim.schedule import Schedule
from trainlab.training.setup import TrainingSetup

COORDINATES = 4  # of every param: the steepest, and others by chance; half as many in a heavy network
_HEAVY = 5e7  # multiplications for one row: there it is a matter of seconds, and less is tried
_STEPS = (1e-5, 1e-6, 1e-7)  # of the differences, tried until the slopes on both sides agree
_AGREE = 5e-5  # how far they may disagree, relative: half of what gradient-mismatch calls wrong
_ROUNDING = 2e-11  # of a loss of 1 that is summed in float64, times 10^5: smaller slopes drown in it at a step of 1

TINY_ROWS = 20  # half as many in a heavy network
_LEARNED = 0.02  # of the loss at chance: about zero
_RATES = (3e-3, 3e-2, 3e-4)  # of Adam, one after the other: a network that learns with none of them cannot learn
_TINY_STEPS = (50, 400)  # least and most for each rate
_TINY_WORK = 2e10  # multiplications that the steps of one rate may take, some seconds


def gradient_errors(setup: TrainingSetup) -> list[GradientError] | None:
    """Every trained param's gradient against central differences at a few coordinates, in float64.

    The loss is the one that is trained on: in training mode with one fixed noise, penalties included. A coordinate at
    a kink (relu at zero, a tie of a max pool) has two slopes and is left out. None where the loss is not finite.
    """
    net = _copy(setup, [node.layer for node in setup.net.nodes], "float64")
    work = net.forward_work
    coordinates = COORDINATES if work < _HEAVY else COORDINATES // 2
    index = _finite_rows(setup, int(np.clip(2e7 // work, 3, 16)))
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


def tiny_fit(setup: TrainingSetup) -> TinyFit | None:
    """A copy of the network, without dropout and regularization, trained with Adam on a few rows until it knows them.

    Rows are fewer where the network is too small for `TINY_ROWS`. It ends when the loss is about zero, or after a
    number of steps that the network's size bounds. None where no row is finite.
    """
    layers = [_undisturbed(node.layer) for node in setup.net.nodes]
    net = _copy(setup, layers, str(setup.net.dtype))
    most = TINY_ROWS if net.forward_work < _HEAVY else TINY_ROWS // 2
    rows = int(np.clip(net.trained // (2 * net.out_shape[-1]), 2, most))
    index = _finite_rows(setup, rows)
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


def _copy(setup: TrainingSetup, layers: Sequence[Layer], dtype: str) -> Net:
    """A network of these layers with the numbers of the run's own."""
    experiment = setup.experiment
    engine = experiment.train.engine if dtype == experiment.train.dtype else "auto"
    net = Net(layers, setup.net.shape, frozen=experiment.model.frozen, dtype=dtype, engine=engine)
    net.load_params(setup.net.params)
    return net


def _undisturbed(layer: Layer) -> Layer:
    """The layer, and those inside it, without dropout."""
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
    """The loss without smoothed labels, which keep it above zero."""
    return loss.model_copy(update={"label_smoothing": 0.0}) if "label_smoothing" in type(loss).model_fields else loss


def _finite_rows(setup: TrainingSetup, rows: int) -> Array:
    """The first rows of a fixed random order that hold finite numbers only; fewer if there are not so many."""
    order = setup.streams.named("tiny").permutation(len(setup.t_train))[: 8 * rows]
    x = np.asarray(setup.parts.train.x[order])
    whole = np.isfinite(x.reshape(len(x), -1)).all(axis=1) if x.dtype.kind == "f" else np.ones(len(x), dtype=bool)
    return order[whole][:rows]


class _Loss:
    """The whole loss of a copy on some rows as a function of its params, in training mode with one fixed noise."""

    def __init__(self, setup: TrainingSetup, net: Net, index: Array) -> None:
        self.net, self._loss = net, setup.config.loss
        self._penalties: Iterable[Regularizer] = [p for p in setup.config.regularizers if p.penalizes]
        self._rng = np.random.default_rng(0)
        self._work: Workspace = net.workspace(len(index), train=True, rng=self._rng)
        gather(setup.parts.train.x, index, self._work.x)
        t = setup.t_train[index]
        t = t.astype(np.float64) if t.dtype.kind == "f" else t
        self._end = LossSlot(self._work.y, t, self._work.dy)
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
        """The loss now. changed: all params of layers before this one's are as they were at the last call."""
        first = self._owner[changed] if changed else 0
        self._rng.bit_generator.state = self._noises[first]
        for i in range(first, len(self._layers)):
            self._noises[i] = self._rng.bit_generator.state
            _, forward, slot = self._layers[i]
            forward(slot)
        return float(self._loss.value(self._end)) + sum(p.penalty(self._weights) for p in self._penalties)

    def last_first(self, names: Iterable[str]) -> list[str]:
        """Names of params, those of the last layer first."""
        return sorted(names, key=self._owner.__getitem__, reverse=True)

    def gradients(self) -> dict[str, Array]:
        """Of every param that is trained, after a call."""
        self._work.backward()
        grad = self.net.grad[: self.net.weights]
        for part in self._penalties:
            part.add_gradient(self._weights, grad)
        return self.net.views(self.net.grad)


def _compared(
    name: str, param: Array, analytic: Array, start: float, loss: Callable[[], float], places: list[int]
) -> GradientError:
    """The worst of a few coordinates of one param: its steepest one and others of `places`.

    An error of 0 where all of them are at kinks.
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
