"""A layer has frozen settings, declares the memory that it needs, and does its arithmetic on a slot of that memory.

A layer holds no array. The engine lays out one flat vector of parameters, one of gradients and every slot once,
before the first step. To add a layer, write one class in one file of `trainlab/nn/layers`.

The contract, which tests check for every layer: forward writes `y`, `tmp` and, in training, untrained params, and
nothing else; backward overwrites `dx` and `g` and changes neither `x` nor `y` nor `dy`; in evaluation each row's
output depends on that row alone. Letters: x, y input and output with the batch first; dy is dloss/dy; p, g params and
their gradients by name.
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np

from trainlab.core.component import Component
from trainlab.core.torch_code import TorchCode
from trainlab.core.types import Array, Shape

Role = Literal["weight", "bias", "scale", "shift", "slope", "embedding", "periodic", "statistic"]


@dataclass(frozen=True, slots=True)
class Param:
    """One named array of a layer. Only a `weight` is drawn by an init and decayed; a bias starts as the model says.

    The others start at `fill` plus `spread` times a number of the standard normal distribution, or, if `uniform`, of
    the uniform one from -1 to 1.
    A `statistic` (a running mean) is saved like the rest, but has no gradient and is not trained.
    `fan_in`, `fan_out`: the number of inputs that feed a unit, the number of units that an input feeds.
    `networks`: how many lie side by side along its last axis; an init draws each by itself.
    """

    shape: Shape
    role: Role = "weight"
    fan_in: int = 0
    fan_out: int = 0
    fill: float = 0.0
    spread: float = 0.0
    uniform: bool = False
    networks: int = 1

    @property
    def trained(self) -> bool:
        """Whether it has a gradient and the optimizer changes it."""
        return self.role != "statistic"


@dataclass(frozen=True, slots=True)
class Scratch:
    """An array that a layer keeps from forward to backward, in the network's float type.

    It has this shape for each row of the batch, or for the whole batch if not `per_row`.
    """

    shape: Shape
    per_row: bool = True


def _no_branches() -> "list[list[tuple[Layer, Slot]]]":
    return []


@dataclass(slots=True)
class Slot:
    """The memory of one layer for one batch. `dx` is None if no layer before this one needs it.

    `drop_factor` (1,): what dropout rates are multiplied by at this step; one array for all slots of a network.

    `train`: whether it computes as in training; a frozen layer with running statistics never does.
    `backward`: whether the backward pass needs this layer: it is trained, or a layer before it is.
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
    backward: bool = True
    drop_factor: Array = field(default_factory=lambda: np.ones(1))
    branches: "list[list[tuple[Layer, Slot]]]" = field(default_factory=_no_branches)


@dataclass(frozen=True, slots=True)
class TorchSlot:
    """What the PyTorch form of a layer computes with: tensors in the layout of a `Slot`, and functions.

    torch: the module · x, p: input and params by name · train: whether this is a training step · noise: the numbers
    that the layer's `noise` asks for, drawn from [0, 1); None in evaluation · branches: y of x for each inner chain ·
    drop_factor: what dropout rates are multiplied by at this step.
    """

    torch: Any
    x: Any
    p: dict[str, Any]
    train: bool
    noise: Any = None
    branches: "Sequence[Callable[[Any], Any]]" = ()
    drop_factor: Any = 1.0


class Layer(Component, kind="layer", rooms=("trainlab.nn.layers", "trainlab.nn.activations")):
    """One step of a network: y = f(x; p)."""

    view: ClassVar[bool] = False  # y is x in another shape (flatten): forward and backward have nothing to do
    linear: ClassVar[bool] = True  # it does not count as a nonlinearity between two layers with weights
    normalizes: ClassVar[bool] = False  # its outputs have mean 0 and variance 1 before scale and shift
    fires: ClassVar[bool] = False  # y is exactly 0 for half of all x: a unit that is never above 0 is dead
    saturates: ClassVar[tuple[float, float] | None] = None  # outputs outside this range pass less than 2 % of dy
    output_range: ClassVar[tuple[float, float]] = (-np.inf, np.inf)  # bounds of y with default settings

    def sized(self, outputs: int) -> "Layer":
        """This layer with `output` replaced by the number of outputs that the loss needs."""
        return self

    @abstractmethod
    def out_shape(self, shape: Shape) -> Shape:
        """Shape of one row of y for one row of x. Raises ShapeError with the calculation if x does not fit."""

    def params(self, shape: Shape) -> dict[str, Param]:
        """The named arrays that this layer learns or keeps, for an input of this shape."""
        return {}

    def scratch(self, shape: Shape) -> dict[str, Scratch]:
        """The named arrays that it keeps from forward to backward, besides x and y."""
        return {}

    def branches(self, shape: Shape) -> "Sequence[Sequence[Layer]]":
        """Chains of inner layers, each of which takes x (composite layers only).

        The engine makes their slots: the first inner slot's x is this slot's x; all other arrays are separate.
        """
        return ()

    @abstractmethod
    def forward(self, s: Slot) -> None:
        """Write y from x and p; in training also everything that backward needs."""

    @abstractmethod
    def backward(self, s: Slot) -> None:
        """Overwrite g and, unless it is None, dx from dy."""

    def noise(self, shape: Shape) -> Scratch | None:
        """The uniform random numbers that `forward` draws in a training step, for a PyTorch form; None: none."""
        return None

    def torch(self, s: TorchSlot) -> Any:
        """y by operations of PyTorch, which computes the gradients: for `train.engine: torch`.

        It may update untrained params in place, in training. Raises NotImplementedError if the layer has no such form.
        """
        raise NotImplementedError(self.name)

    def torch_code(self, shape: Shape, p: dict[str, Array]) -> TorchCode:
        """This layer as source of a module of PyTorch, for rows of this shape; p: its params by name.

        Raises NotImplementedError if there is no such source.
        """
        raise NotImplementedError(self.name)

    def torch_join(self, branches: Sequence[TorchCode]) -> TorchCode:
        """The module of a composite layer from those of its branches. Raises NotImplementedError as `torch_code`."""
        raise NotImplementedError(self.name)


def run_forward(chain: "Sequence[tuple[Layer, Slot]]") -> None:
    """y of every layer of a chain, first to last."""
    for layer, slot in chain:
        layer.forward(slot)


def run_backward(chain: "Sequence[tuple[Layer, Slot]]") -> None:
    """g and dx of every layer of a chain, last to first."""
    for layer, slot in reversed(chain):
        layer.backward(slot)
