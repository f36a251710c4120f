"""An optimizer turns the gradient into a step; the training loop adds the step to the parameters.

All parameters form one flat vector, so an optimizer is a rule for vectors. To add one, write one class in one file of
`trainlab/optim/optimizers`.
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from trainlab.core.component import Component, Settings, setting
from trainlab.core.types import Array


class LrFactors(Settings):
    """Factors on the learning rate, by the kind of parameter and by layer; those of one parameter are multiplied."""

    bias: float = setting(1.0, "of biases and shifts", ge=0)
    scale: float = setting(1.0, "of the factors of `scale` and of norm layers", ge=0)
    slope: float = setting(1.0, "of activations that learn their shape", ge=0)
    embedding: float = setting(1.0, "of the vectors of `embedding`", ge=0)
    periodic: float = setting(1.0, "of all parameters of `periodic`", ge=0)
    by_layer: dict[str, Annotated[float, Field(ge=0)]] = setting(
        {}, "of all parameters of a layer, by its name: {conv1: 0.1}; `residual1` counts for the layers inside it, too"
    )

    def of(self, role: str, layer: str = "") -> float:
        """The factor of parameters with this role (`trainlab.nn.layer.Role`) in the layer of this name."""
        factor = float(getattr(self, "bias" if role == "shift" else role, 1.0))
        for name, more in self.by_layer.items():
            factor *= more if layer == name or layer.startswith(f"{name}.") else 1.0
        return factor


@dataclass(slots=True)
class OptimizerState:
    """The vectors that an optimizer reads and writes. All are flat, equally long, and live as long as the run.

    theta: the trained parameters (read only) · g: dloss/dtheta, penalties included (read only) · step: the change of
    theta, which `update` writes · buffers: the vectors named by `Optimizer.buffers`, zero before the first step
    · lr: the learning rate of this step, a Python float (a NumPy one would turn float32 arithmetic into float64)
    · t: 1 in the first step · weights: how many numbers at the start of theta are weights (the rest are biases and
    scales, which are not decayed) · factors: parts of theta whose learning rate is multiplied, with their factor ·
    decay_factor: of weight decay, by its schedule · matrices: where the weights of each layer but the last lie in
    theta, their shape (inputs, units), and how many networks share these units.

    For full-batch optimizers only: `evaluate` returns the loss, penalties included, at another theta and overwrites g
    with its gradient there; `loss` is the loss at theta if the loop knows it.
    """

    theta: Array
    g: Array
    step: Array
    buffers: dict[str, Array]
    lr: float
    t: int
    weights: int
    factors: Sequence[tuple[slice, float]] = ()
    decay_factor: float = 1.0
    matrices: Sequence[tuple[slice, tuple[int, int], int]] = ()
    evaluate: Callable[[Array], float] | None = None
    loss: float | None = None


class Optimizer(Component, kind="optimizer", rooms=("trainlab.optim.optimizers",)):
    """A rule that turns gradients into steps."""

    buffers: ClassVar[tuple[str, ...]] = ()  # vectors that it keeps between steps; checkpoints save them
    full_batch: ClassVar[bool] = False  # needs the gradient over the whole training set, and `evaluate`
    first: ClassVar[str] = "lr"

    lr: float = setting(0.01, "learning rate: scales every step", ge=0, search={"log": [1e-5, 1.0]})
    lr_factors: LrFactors = setting(LrFactors(), "factors on lr for kinds of parameters and for single layers")

    @abstractmethod
    def update(self, state: OptimizerState) -> None:
        """Write state.step and update state.buffers in place."""

    def torch(self, torch: Any, state: OptimizerState) -> None:
        """`update` by operations of PyTorch: the vectors of the state are tensors.

        Raises NotImplementedError if the rule has no such form.
        """
        raise NotImplementedError(self.name)

    def take(self, state: OptimizerState) -> None:
        """`update`, and the factors on the learning rate: a rule's step is proportional to it."""
        self.update(state)
        for part, factor in state.factors:
            state.step[part] *= factor

    def convert_version_1(self, buffers: dict[str, Array]) -> None:
        """Convert, in place, the buffers of a checkpoint that was written before checkpoints had a version.

        Some optimizers stored multiples of the textbook's vectors then; the others have nothing to convert.
        """
