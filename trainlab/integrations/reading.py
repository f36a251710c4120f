"""Measurements of another framework's network at one step, as plain numbers: the same for every framework."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from math import nan
from typing import Any, Protocol

import numpy as np

from trainlab.core.component import find
from trainlab.core.types import Array
from trainlab.diagnose.program import Program
from trainlab.diagnose.structure import Structure
from trainlab.nn.layer import Layer


@dataclass(frozen=True, slots=True)
class LayerReading:
    """One layer's outputs for the rows that were measured, of a batch in training.

    kind: our name of the layer, else its class's in lower case · activation, output: as in a LayerProbe ·
    fired: for relu, which units were above zero for some row · saturated: for layers with flat ends.
    """

    name: str
    kind: str
    activation: bool
    output: bool
    units: int
    mean: float
    std: float
    spread: float
    fired: Array | None = None
    saturated: float | None = None

    @property
    def dead(self) -> float | None:
        """The share of units that fired for no row; None if it was not measured."""
        return None if self.fired is None else 1.0 - float(self.fired.mean())


@cache
def layer_class(kind: str) -> type[Layer]:
    """Our layer of this kind, for its facts; the base class, which has no special ones, if we have no such layer."""
    return find(Layer, kind) or Layer


def layer_reading(name: str, kind: str, activation: bool, output: bool, y: Array) -> LayerReading:
    """The statistics of a layer's outputs, rows first and units last."""
    rows: Array = y.astype(np.float64)
    with np.errstate(all="ignore"):  # of a failing network
        spread = float(rows.var(axis=0).mean()) ** 0.5
        mean, std = float(rows.mean()), float(rows.std())
    fired = np.any(rows.reshape(-1, rows.shape[-1]) > 0, axis=0) if layer_class(kind).fires else None
    ends = layer_class(kind).saturates
    saturated = float(np.mean((rows < ends[0]) | (rows > ends[1]))) if ends else None
    return LayerReading(name, kind, activation, output, rows.shape[-1], mean, std, spread, fired, saturated)


@dataclass(frozen=True, slots=True)
class WeightReading:
    """One layer's weights before a step, their gradient and the share of their length that the step was.

    symmetric: all units have the same weights and the same gradient · frozen: no step moves them. A gradient that the
    framework does not show is nan.
    """

    layer: str
    units: int
    size: int
    norm: float
    grad_norm: float
    update_ratio: float
    symmetric: bool = False
    frozen: bool = False


def weight_reading(
    layer: str, before: Array, after: Array | None, gradient: Array | None, *, compare: bool, frozen: bool = False
) -> WeightReading:
    """The statistics of a layer's weights, units last, before and after a step; None for what is not known.

    compare: find out whether all units are alike.
    """
    norm, grad_norm = (nan if a is None else _length(a) for a in (before, gradient))
    moved = nan if after is None else _length(after - before)
    alike = compare and gradient is not None and _alike(before) and _alike(gradient)
    ratio = moved / norm if norm else nan
    return WeightReading(layer, before.shape[-1], before.size, norm, grad_norm, ratio, alike, frozen)


def step_lengths(weights: Sequence[WeightReading]) -> tuple[float, float]:
    """Lengths of the whole gradient, and of the whole step relative to the weights."""
    if not weights:
        return nan, nan
    norm = _length([w.norm for w in weights])
    moved = _length([w.update_ratio * w.norm for w in weights])
    return _length([w.grad_norm for w in weights]), moved / norm if norm > 0 else nan


def _length(numbers: Any) -> float:
    return float(np.linalg.norm(np.asarray(numbers, np.float64).ravel()))


def _alike(a: Array) -> bool:
    return a.shape[-1] > 1 and bool((a == a[..., :1]).all())


@dataclass(frozen=True, slots=True)
class Reading:
    """The network at one step. rows: how many of the batch were measured · input_spread: 0 where inputs are no numbers.

    structure: the list of its layers, where it is certain that nothing else is computed between them.
    """

    rows: int
    input_spread: float
    layers: Sequence[LayerReading] = ()
    weights: Sequence[WeightReading] = ()
    structure: Structure | None = None

    def values(self) -> list[tuple[str, str, float]]:
        """Its rows of layers.csv: layer, quantity, value."""
        rows: list[tuple[str, str, float]] = []
        for r in self.layers:
            rows += [(r.name, "mean", r.mean), (r.name, "std", r.std)]
            more = {"dead": r.dead, "saturated": r.saturated}
            rows += [(r.name, quantity, value) for quantity, value in more.items() if value is not None]
        for w in self.weights:
            known = {"grad_norm": w.grad_norm, "weight_norm": w.norm, "update_ratio": w.update_ratio}
            rows += [(w.layer, quantity, value) for quantity, value in known.items() if value == value]
        return rows

    def first_broken(self) -> str:
        """Where the first number that is not finite stands, in the order of the computation; empty if none was seen."""
        if not np.isfinite(self.input_spread):
            return "input"
        for r in self.layers:
            if not np.isfinite(r.mean):
                return r.name
        for w in reversed(self.weights):
            if np.isinf(w.grad_norm) or (w.grad_norm != w.grad_norm and np.isfinite(w.norm)):
                return f"gradient of {w.layer}"
        return ""


@dataclass(frozen=True, slots=True)
class Stepped:
    """One step of an optimizer: its lr, and the lengths of the gradient and of the step (relative to the weights).

    The lengths are numbers of the framework's; nan where they cannot be measured. A length that was not measured
    this time is that of the last time.
    """

    lr: float
    grad_norm: Any = nan
    update_ratio: Any = nan


@dataclass(frozen=True, slots=True)
class LossFacts:
    """What is known of a loss. name: trainlab's; empty if it is unknown, or a sum of two · classes: that a
    cross-entropy chooses among; 0 if unknown · mean: it is the mean over the batch · the rest: as in `Program`.
    """

    name: str = ""
    classes: int = 0
    mean: bool = False
    squashed: str = ""
    unlogged: bool = False
    over_rows: bool = False
    spread: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    linear: int = 0


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a reader knows of a training before its first step.

    framework: name and version · model: what it looks like, for people · optimizer: `name`, `lr` and more, in our words
    · parameters: how many are trained · decay: the strength of an l2 in the optimizer · gradients: the framework shows
    them · notes: what to know of its measurements.
    """

    framework: str
    model: str
    optimizer: dict[str, float | str]
    parameters: int
    decay: float = 0.0
    gradients: bool = True
    notes: dict[str, str] = field(default_factory=dict[str, str])


class ModelReader(Protocol):
    """Measures a network while a user's loop trains it. One class for each framework.

    A number is whatever the framework computes with: it stays on its device, and many are copied at a time.
    """

    def known(self) -> ModelInfo:
        """What is known before the first step."""
        ...

    def observe(self) -> None:
        """Measure the layers, too, at the next step."""
        ...

    def reading(self) -> Reading | None:
        """What was measured at the step for which `observe` asked, once; None if there is nothing new."""
        ...

    def stepped(self) -> Stepped | None:
        """The optimizer's step since the last call; None if it made none: gradients are being accumulated."""
        ...

    def kept(self, number: Any) -> Any:
        """A number to store: detached from its graph, and as a float if the conversion costs nothing."""
        ...

    def floats(self, numbers: Sequence[Any]) -> list[float]:
        """Kept numbers, brought over together."""
        ...

    def read_loss(self, loss: Any) -> LossFacts:
        """What is known of the loss that computed this number."""
        ...

    def program(self) -> Program | None:
        """What the user's code does around the network, as far as it was seen; None if the framework hides it."""
        ...

    def outputs(self) -> int:
        """How many numbers the network gives for a row; 0 if unknown."""
        ...

    def measure_gradients(self) -> None:
        """Called between the backward pass and the change of the weights, where both happen in the optimizer's step."""
        ...

    def tally(self, outputs: Any, targets: Any, task: str) -> None:
        """Count a batch towards the score of the epoch."""
        ...

    def tallied(self) -> tuple[float, float] | None:
        """Accuracy or R2 of what was counted since the last call, and the targets' variance; None if nothing was."""
        ...

    def detach(self) -> None:
        """Leave the network as it was found."""
        ...
