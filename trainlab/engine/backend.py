"""The interface between a network and the code that computes it.

A backend implements four things: training steps, evaluation, statistics of the layers, and the passes of a probe. Each
`prepare_...` method is called once for some memory and returns functions that work on it. A new backend is a subclass
here and a line in `selection.py`; its contract:

- The arrays of `Workspace`, `OptimizerState` and `Net` are the interface. A backend may compute in memory of its own (a
  GPU's), but when a call returns, the arrays named in its docstring hold the results: checkpoints, monitors and exports
  read them.
- The NumPy methods of layers, losses and optimizers are the reference. Results agree with theirs up to rounding.
- A layer, loss or optimizer that the backend does not know runs its NumPy method, so components need nothing but their
  class; or it is refused by name before the first step (a layer or loss without a PyTorch form).
- A step whose loss or gradient is not finite is not applied, and no later step runs.

`numpy_backend.py` is the reference, `compiled/backend.py` runs C kernels, and `torch/backend.py` runs PyTorch.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from trainlab.core.types import Array
from trainlab.engine.buffers import Batch, Workspace
from trainlab.engine.graph import Node
from trainlab.engine.probe_sums import ProbeSums
from trainlab.engine.training_config import TrainingConfig
from trainlab.nn.loss import Loss
from trainlab.optim.optimizer import OptimizerState

RECORDS = ("loss", "lr", "grad_norm", "update_ratio")  # the columns of the records: one row for each step
Rows = Callable[[int], None]  # does something with the first `rows` rows of a workspace
Statistics = Callable[[int], Array]  # measures the layers after a step with so many rows: float64, used again


@dataclass(slots=True)
class Sums:
    """Totals over the steps of the current epoch: loss, hits and squares over rows, the last two over steps."""

    rows: int = 0
    steps: int = 0
    loss: float = 0.0
    hits: float = 0.0
    squares: float = 0.0
    grad_norm: float = 0.0
    update_ratio: float = 0.0

    def add(self, rows: int, loss: float, hits: float, squares: float, grad_norm: float, update_ratio: float) -> None:
        """Add a step. loss: the mean over its rows."""
        self.rows += rows
        self.steps += 1
        self.loss += loss * rows
        self.hits += hits
        self.squares += squares
        self.grad_norm += grad_norm
        self.update_ratio += update_ratio


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """What training steps work on. All arrays belong to the trainer.

    x, targets, weights: all training rows, their encoded targets and their weights, if they have any · batch: memory
    for a batch · state: parameters, gradient, step and the optimizer's buffers · decayed: the weight arrays inside
    theta · average: the moving average of theta · augment: changes a batch (x, t) in place; None for no augmentation ·
    views: the parts of a vector (or tensor) as long as theta, by the param's name · members: networks whose outputs lie
    side by side; the loss is the mean of theirs · generators: those that batches and layers draw from.
    """

    config: TrainingConfig
    x: Any
    targets: Array
    weights: Array | None
    batch: Batch
    state: OptimizerState
    decayed: Sequence[Array]
    average: Array | None
    augment: Callable[[Array, Array], None] | None
    views: Callable[[Any], dict[str, Any]]
    members: int = 1
    generators: Sequence[np.random.Generator] = ()


@dataclass(frozen=True, slots=True)
class Steps:
    """Some steps of one epoch that are to be run.

    first: the number of the first one, from 1 · index: rows (int64), batch after batch, to the end of the epoch at
    least · rates: of each step the learning rate and the factors on dropout and on weight decay, (steps, 3) float64 ·
    records: (steps, 4), to be written, columns `RECORDS` · sums: to be added to · leave: of a step that takes long, an
    int32 that becomes 1 where a signal asks to leave it undone. A backend may then return 0 steps, if it has changed no
    more than what forward and backward passes write; a remote one ends the call after the step that is running ·
    watched: whether somebody may look at the last batch, what the layers made of it, and the step.
    """

    first: int
    index: Array
    rates: Array
    records: Array
    sums: Sums
    leave: Array | None = None
    watched: bool = True


TrainSteps = Callable[[Steps], tuple[int, bool]]


def _nothing() -> None:
    """For a backend whose params lie in the arrays."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Functions for a workspace in evaluation mode.

    begin(): before the first rows that are evaluated with the same params · forward(rows): y of the first rows of x ·
    scores(x, t, weights): mean loss and number of correct rows over a whole set, or None if the backend cannot score
    such targets; then they are scored from the outputs.
    """

    forward: Rows
    scores: Callable[[Any, Array, Array | None], tuple[float, float] | None]
    begin: Callable[[], None] = _nothing


@dataclass(frozen=True, slots=True)
class Passes:
    """Functions for a workspace that stores every layer's output.

    forward(rows): all outputs · backward(rows): all gradients from dy (a training workspace only) · add(rows): add the
    rows that went through last to the sums.
    """

    forward: Rows
    backward: Rows
    add: Rows


@dataclass(frozen=True, slots=True)
class Update:
    """Functions that lead from the gradient of a batch to the next parameters.

    finish(): add the penalties to the gradient; its norm before clipping · apply(t, lr, decay, last): take step t, with
    the factor on weight decay; the step itself is written if it is the last one of a call. Returns the squared norms of
    the step and of the parameters before it, numbers or tensors of one number.
    """

    finish: Callable[[], float]
    apply: Callable[[int, float, float, bool], tuple[Any, Any]]


class Backend(ABC):
    """Computes networks. Stateless: the caller owns the prepared functions."""

    name: ClassVar[str]
    level: str = ""  # which build of the kernels, if there are several
    remote: bool = False  # a call of steps copies all arrays to a device and back; it ends where `Steps.leave` says so

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """What runs and why, as plain data with a `name`: recorded with a run and compared when it is resumed."""

    @abstractmethod
    def prepare_training(self, job: TrainingJob) -> TrainSteps:
        """A function that runs steps and returns how many it ran, and whether all their numbers were finite.

        When it returns, the batch's workspace holds the last batch, and `job.state` the parameters, gradient, step and
        buffers after the last step; the batch and the step only if they are watched.
        """

    def prepare_update(self, job: TrainingJob) -> Update | None:
        """What follows the gradient, for a backend that computes the gradient in the same memory. None: nothing faster
        than the components' own methods.
        """
        return None

    @abstractmethod
    def prepare_evaluation(self, work: Workspace, loss: Loss) -> Evaluation:
        """Outputs and scores by a workspace in evaluation mode. `forward` writes its y, nothing else is promised."""

    @abstractmethod
    def prepare_statistics(self, nodes: Sequence[Node], work: Workspace, step: Mapping[str, Array]) -> Statistics:
        """Statistics of all layers in this order. work: the training workspace · step: the change of each param by
        name (`dense1.W`); frozen params are left out.
        """

    @abstractmethod
    def prepare_passes(self, work: Workspace, sums: ProbeSums) -> Passes:
        """Passes through every layer of a workspace by itself, to be summed up in `sums`."""
