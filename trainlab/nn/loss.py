"""A loss compares the network's output with the targets: one number, the mean over the rows, and its gradient.

To add one, write one class in one file of `trainlab/nn/losses`; its `each` gives the loss of every row.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from trainlab.core.component import Component
from trainlab.core.types import Array, Task


@dataclass(slots=True)
class LossSlot:
    """One batch of a loss: y (rows, units) from the network, t the encoded targets of the rows, dy (rows, units) the
    gradient to write (None in evaluation), weights (rows,) how much each row counts (None: all the same).

    `hits`: the number of correctly classified rows, whatever they weigh; every classification loss writes it. A row of
    several labels counts by the share of them that is right.
    """

    y: Array
    t: Array
    dy: Array | None
    weights: Array | None = None
    hits: float = 0.0


class Loss(Component, kind="loss", rooms=("trainlab.nn.losses",)):
    """The cost of a prediction, averaged over the rows."""

    tasks: ClassVar[tuple[str, ...]] = ()  # "classification", "multilabel", "regression": what it can be used for
    soft: ClassVar[bool] = False  # t may also be one float per output (mixed labels), not only what `encode` returns

    def fitted(self, y: Array, task: Task) -> Self:
        """This loss with everything filled in that depends on the training targets (class weights, if `balanced`)."""
        return self

    @abstractmethod
    def units(self, task: Task) -> int:
        """The number of outputs that the network needs. Raises UserError if the loss cannot be used for the task."""

    @abstractmethod
    def encode(self, y: Array, task: Task) -> Array:
        """Targets (class indices (n,) or numbers (n, k)) in the form that `value` takes as t, rows first: int64 for
        indices, else floats, which the engine converts to the network's dtype.
        """

    def value(self, s: LossSlot) -> float:
        """The mean over the rows of each one's loss, times its weight. Writes s.dy = dloss/dy unless it is None, and
        s.hits for classes.
        """
        each, rows, weights = self.each(s), len(s.y), s.weights
        if s.dy is not None:
            s.dy *= 1 / rows if weights is None else weights[:, None] / rows
        return float((each if weights is None else each * weights).sum()) / rows

    @abstractmethod
    def each(self, s: LossSlot) -> Array:
        """The loss of every row (rows,). Writes to s.dy, unless it is None, the gradient of each row's own loss, and
        s.hits for classes.
        """

    def torch(self, torch: Any, y: Any, t: Any) -> Any:
        """The loss of every row (rows,) by operations of PyTorch.

        y, t: tensors, as in `each`. Raises NotImplementedError if the loss has no such form.
        """
        raise NotImplementedError(self.name)

    def hits(self, y: Array, t: Array) -> float:
        """The number of correctly classified rows, as `each` counts them."""
        slot = LossSlot(y, t, None)
        self.each(slot)
        return slot.hits

    @abstractmethod
    def chance(self, t: Array, task: Task) -> float:
        """Loss of a constant prediction that ignores the input: ln C for softmax, C - 1 for hinge, the variance of the
        targets for mse.
        """

    @abstractmethod
    def predict(self, y: Array, task: Task) -> Array:
        """Class indices (n,) for classes, 0 or 1 for each label (n, labels), the numbers (n, k) for regression."""

    def point(self, y: Array) -> Array:
        """The outputs (rows, k) that are the predicted numbers of a regression."""
        return y

    def probabilities(self, y: Array) -> Array | None:
        """Probabilities of the classes or labels (n, classes), or None if the loss does not define any."""
        return None

    def averaged(self, y: Array, task: Task, weights: Array | None = None) -> Array:
        """Outputs (rows, units) of an ensemble, from those of its members (rows, members, units).

        They predict the mean of what the members predict: of their probabilities, or of their numbers. Of a loss for
        classes without probabilities they are the mean outputs. weights (members,): how much each counts, alike by
        default.
        """
        each = [self.probabilities(y[:, member]) for member in range(y.shape[1])]
        known = [p for p in each if p is not None]
        if len(known) < len(each):
            return np.average(y, axis=1, weights=weights)
        mean = np.average(known, axis=0, weights=weights)
        return self.outputs_of(np.maximum(mean, np.finfo(mean.dtype).tiny), task)

    def outputs_of(self, p: Array, task: Task) -> Array:
        """Outputs whose `probabilities` are p (n, classes): for the mean of several networks' probabilities.

        Raises TypeError for a loss that defines none.
        """
        raise TypeError(f"{self.name} defines no probabilities")

    def quantiles_of(self, y: Array, task: Task) -> Array | None:
        """The predicted quantiles of each number (n, k, quantiles), in ascending order; None without any."""
        return None
