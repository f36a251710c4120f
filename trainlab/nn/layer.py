"""What a layer is: frozen settings, the memory it asks for, and its arithmetic on a slot of that memory.

A layer holds no array. The engine lays out one flat vector of parameters, one of gradients and every slot once,
before the first step. To add a layer, write one class in one file of `trainlab/nn/layers`.

The laws (contract tests check them for every layer): forward writes `y` and nothing else but `tmp` and, in training,
untrained params; backward *overwrites* `dx` and `g` and may use `dy` and `tmp` as it likes but not change `x`, `y`;
in evaluation rows are independent; nothing of a batch's size is allocated. Letters: x, y input and output with the
batch first; dy is dloss/dy; p, g params and their gradients by name.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np

from trainlab.core.component import Component
from trainlab.core.types import Array, Shape

Role = Literal["weight", "bias", "scale", "shift", "slope", "statistic"]


@dataclass(frozen=True, slots=True)
class Param:
    """One named array of a layer. Only a `weight` is drawn by an init and decayed; the others start at `fill`.

    A `statistic` (a running mean) is kept and saved like the rest, but no gradient and no optimizer touches it.
    `fan_in`, `fan_out`: how many inputs feed a unit, how many units an input feeds.
    """

    shape: Shape
    role: Role = "weight"
    fan_in: int = 0
    fan_out: int = 0
    fill: float = 0.0

    @property
    def trained(self) -> bool:
        """Whether gradients and optimizers see it."""
        return self.role != "statistic"


@dataclass(frozen=True, slots=True)
class Scratch:
    """Working memory that a layer wants between forward and backward: `shape` per row, or whole if not `per_row`.

    `dtype` None means the network's own float type.
    """

    shape: Shape
    per_row: bool = True
    dtype: type[np.generic] | None = None


def _no_branches() -> "list[list[tuple[Layer, Slot]]]":
    return []


@dataclass(slots=True)
class Slot:
    """The memory of one layer for one batch. `dx` is None where nobody needs it (the first layer).

    `branches`: for composite layers, one chain of (layer, slot) per branch, in the order of `Layer.branches`.
    """

    x: Array
    y: Array
    dy: Array
    dx: Array | None
    p: dict[str, Array]
    g: dict[str, Array]
    tmp: dict[str, Array]
    rng: np.random.Generator
    train: bool
    branches: "list[list[tuple[Layer, Slot]]]" = field(default_factory=_no_branches)


class Layer(Component, kind="layer", rooms=("trainlab.nn.layers", "trainlab.nn.activations")):
    """One step of a network: y = f(x; p)."""

    view: ClassVar[bool] = False  # y is x in another shape (flatten): forward and backward have nothing to do

    def sized(self, outputs: int) -> "Layer":
        """This layer with `output` replaced by the number of outputs that the loss needs."""
        return self

    @abstractmethod
    def out_shape(self, shape: Shape) -> Shape:
        """Shape of one row of y for one row of x. Raises ShapeError with the sum that does not work out."""

    def params(self, shape: Shape) -> dict[str, Param]:
        """The arrays this layer learns or keeps, for an input of this shape."""
        return {}

    def scratch(self, shape: Shape) -> dict[str, Scratch]:
        """The working memory it needs beside x, y, dy, dx."""
        return {}

    def branches(self, shape: Shape) -> "Sequence[Sequence[Layer]]":
        """Chains of inner layers, each fed with x (composite layers only). The engine gives each chain its slots:
        the first inner slot's x is this slot's x; each chain's last y, and the dy and dx of all, are their own.
        """
        return ()

    @abstractmethod
    def forward(self, s: Slot) -> None:
        """Write y from x and p; in training also what backward will need."""

    @abstractmethod
    def backward(self, s: Slot) -> None:
        """Overwrite g and, where it is not None, dx from dy."""


def run_forward(chain: "Sequence[tuple[Layer, Slot]]") -> None:
    """y of every layer of a chain, first to last."""
    for layer, slot in chain:
        layer.forward(slot)


def run_backward(chain: "Sequence[tuple[Layer, Slot]]") -> None:
    """g and dx of every layer of a chain, last to first."""
    for layer, slot in reversed(chain):
        layer.backward(slot)
