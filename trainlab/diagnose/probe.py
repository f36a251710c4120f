"""The results of a probe: a few hundred fixed training rows are passed through the network without training on them.

A probe sees what a batch cannot: a unit that is zero for all of many rows, an output that is the same for all of them,
a network that computes something else in training than in evaluation. The run's seed fixes the rows, so a resumed run
is probed like an uninterrupted one. `training/probe.py` makes it; monitors read it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LayerProbe:
    """One layer's outputs over the rows of the probe.

    kind: the layer's name (`relu`) · activation: whether it is one · output: nothing with weights comes after it ·
    units: how many · spread: by how much a unit's output differs from row to row (standard deviation, root mean square
    over units) · dead: share of relu units that are zero for every row · saturated: share of outputs in a flat end ·
    gains: mean size of the output over that of the input, in training and in evaluation, for layers that are random in
    training, else None.
    """

    name: str
    kind: str
    activation: bool
    output: bool
    units: int
    spread: float
    dead: float = 0.0
    saturated: float = 0.0
    gains: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class WeightProbe:
    """One weight array and its gradient over the probe. symmetric: all units have the same weights and gradients ·
    equal: they have the same weights, whatever their gradients.
    """

    layer: str
    units: int
    norm: float
    grad_norm: float
    size: int
    symmetric: bool
    frozen: bool
    equal: bool = False

    @property
    def relative(self) -> float:
        """The gradient's root mean square, in units of the inverse of the weights' own: comparable across layers."""
        return self.grad_norm / self.size**0.5


@dataclass(frozen=True, slots=True)
class Probe:
    """The network over the rows of the probe.

    Always: input_spread and layers, in evaluation mode. `deep` ones, before the first step and after the last, also:
    layers in training mode (batch norm with the batch's own statistics), loss in training mode and in evaluation,
    loss with all inputs zero, weights with gradients, and penalties (as configured, and with ten times the strength).
    """

    rows: int
    input_spread: float
    layers: Sequence[LayerProbe]
    deep: bool = False
    loss: float = float("nan")
    eval_loss: float = float("nan")
    zeroed_loss: float = float("nan")
    weights: Sequence[WeightProbe] = field(default_factory=tuple[WeightProbe, ...])
    penalties: tuple[float, float] | None = None

    @property
    def hidden(self) -> list[LayerProbe]:
        """The activation layers before the output."""
        return [layer for layer in self.layers if layer.activation and not layer.output]
