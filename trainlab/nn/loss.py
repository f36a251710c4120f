"""A loss compares the network's output with the targets: one number, the mean over the rows, and its gradient.

To add one, write one class in one file of `trainlab/nn/losses`.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Self

from trainlab.core.component import Component
from trainlab.core.types import Array, Task
from trainlab.nn.layer import Scratch


@dataclass(slots=True)
class LossSlot:
    """The memory of a loss for one batch: y (rows, units) from the network, t the encoded targets of the rows,
    dy (rows, units) the gradient to write (None in evaluation), tmp what `scratch` asked for.

    `hits`: how many rows were classified right, written by every classification loss.
    """

    y: Array
    t: Array
    dy: Array | None
    tmp: dict[str, Array]
    hits: float = 0.0


class Loss(Component, kind="loss", rooms=("trainlab.nn.losses",)):
    """Mean over the rows of what a prediction costs."""

    tasks: ClassVar[tuple[str, ...]] = ()  # "classification", "regression": what it can be asked to do
    soft: ClassVar[bool] = False  # t may also be one float per output (mixed labels), not only what `encode` gives

    def fitted(self, y: Array, task: Task) -> Self:
        """This loss with what it must know of the training targets filled in (class weights, if `balanced`)."""
        return self

    @abstractmethod
    def units(self, task: Task) -> int:
        """How many outputs the network needs."""

    @abstractmethod
    def encode(self, y: Array, task: Task) -> Array:
        """Targets (class indices (n,) or numbers (n, k)) in the form that `value` takes as t, rows first: int64 for
        indices, else floats, which the engine keeps in the network's dtype.
        """

    def scratch(self, units: int) -> dict[str, Scratch]:
        """Working memory beside y and dy; per row as for layers."""
        return {}

    @abstractmethod
    def value(self, s: LossSlot) -> float:
        """The mean loss; also writes s.dy = dloss/dy where it is not None, and s.hits for classes."""

    @abstractmethod
    def chance(self, t: Array, task: Task) -> float:
        """The loss of a network that knows nothing but looks at no input: ln C for softmax, C - 1 for hinge, the
        targets' variance for mse of standardized outputs.
        """

    @abstractmethod
    def predict(self, y: Array, task: Task) -> Array:
        """Class indices (n,) for classes, the numbers (n, k) themselves for regression."""

    def probabilities(self, y: Array) -> Array | None:
        """Class probabilities (n, classes), or None where the loss does not speak of them."""
        return None
