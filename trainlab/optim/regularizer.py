"""A regularizer keeps weights small: by a penalty on the loss, or by a constraint after each step.

Only weights are regularized, never biases, scales and shifts. To add one, write one class in one file of
`trainlab/optim/regularizers` and a field of its name in `Regularization`.
"""

from abc import abstractmethod
from typing import ClassVar

from trainlab.core.component import Component, Settings, find, setting
from trainlab.core.types import Array


class Regularizer(Component, kind="regularizer", rooms=("trainlab.optim.regularizers",)):
    """A penalty on the flat vector of all weights, or a constraint on each weight array after the step."""

    penalizes: ClassVar[bool] = False  # `penalty` and `add_gradient` do something
    constrains: ClassVar[bool] = False  # `constrain` does something

    @abstractmethod
    def penalty(self, w: Array) -> float:
        """The term that it adds to the loss, for the flat vector of all weights."""

    @abstractmethod
    def add_gradient(self, w: Array, g: Array) -> None:
        """g += dpenalty/dw, in place."""

    @abstractmethod
    def constrain(self, W: Array) -> None:
        """After a step: move one weight array (inputs first, units on the last axis) back into the allowed set."""


class Regularization(Settings):
    """The `regularization` block: one number per regularizer, 0 or null for none."""

    l2: float = setting(0.0, "strength of 0.5 * l2 * |w|^2", ge=0, search={"log": [1e-7, 1e-1]})
    l1: float = setting(0.0, "strength of l1 * sum |w|; with l2: elastic net", ge=0, search={"log": [1e-7, 1e-2]})
    max_norm: float | None = setting(None, "maximum norm of the weights that feed one unit", gt=0)

    def parts(self) -> list[Regularizer]:
        """The regularizers that are on."""
        chosen = {name: getattr(self, name) for name in type(self).model_fields if getattr(self, name)}
        found = ((find(Regularizer, name), value) for name, value in chosen.items())
        return [cls.model_validate({cls.first: value}) for cls, value in found if cls is not None]
