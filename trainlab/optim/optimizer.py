"""An optimizer is a rule over one flat vector: from the gradient it makes the step, and the loop adds the step.

To add one, write one class in one file of `trainlab/optim/optimizers`.
"""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from trainlab.core.component import Component, setting
from trainlab.core.types import Array


@dataclass(slots=True)
class OptimizerState:
    """What an optimizer works on; all arrays are flat and equally long, and live as long as the run.

    theta: the trained parameters (read only) · g: dloss/dtheta, penalties included (read only) · step: to be written,
    the change of theta · buffers: the arrays named by `buffers`, zero before the first step · tmp: scratch, anything
    in it · lr: this step's learning rate, from the schedule, a Python float (a NumPy one would turn float32 arithmetic
    into float64) · t: 1 in the first step · weights: how many numbers at the start of theta are weights (the rest are
    biases and scales, which are not decayed).

    For full-batch optimizers only: evaluate gives the loss, penalties included, at another theta and overwrites g with
    its gradient there; loss is the loss at theta where the loop knows it.
    """

    theta: Array
    g: Array
    step: Array
    buffers: dict[str, Array]
    tmp: Array
    lr: float
    t: int
    weights: int
    evaluate: Callable[[Array], float] | None = None
    loss: float | None = None


class Optimizer(Component, kind="optimizer", rooms=("trainlab.optim.optimizers",)):
    """From a gradient, a step."""

    buffers: ClassVar[tuple[str, ...]] = ()  # vectors it remembers, saved in checkpoints
    full_batch: ClassVar[bool] = False  # wants the gradient over the whole training set, and `evaluate`
    first: ClassVar[str] = "lr"

    lr: float = setting(0.01, "learning rate: scales every step", ge=0, search={"log": [1e-5, 1.0]})

    @abstractmethod
    def update(self, m: OptimizerState) -> None:
        """Write m.step and update m.buffers; allocate nothing (full-batch ones, called once an epoch, may)."""
