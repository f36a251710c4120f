"""What the code around a watched network does: faults of a program that no config of ours can have."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import Literal

Mode = Literal["", "always", "since"]


@dataclass(frozen=True, slots=True)
class Program:
    """What was seen of another program's training, beside its numbers.

    squashed: the activation through which the outputs go into a loss that has its own, or needs none · unlogged: these
    are probabilities, and the loss takes their logarithms · over_rows: the softmax of the loss runs over the rows of
    the batch · spread: shapes of the outputs and of what the loss made of them, where they differ · linear: how many
    weight matrices are multiplied without anything nonlinear between them; 0 if something is, or that is unknown.

    stale: gradients of earlier steps are added to each new one · outside: weights that are trained, but that the
    optimizer does not have and that nothing has changed · cut: weights of the optimizer that no gradient has reached ·
    evaluating: the steps are made in evaluation mode, always or since some step · validates_in_training: the passes
    after the last step were made in training mode · random: the layers that the mode changes · lagging: by how many
    standard deviations the running mean of a batch norm is off (the median of the worst layer), and by what factor
    the running variance is · targets: root mean square of the targets, at least; each nan if unknown ·
    penalty: the l2 of the optimizer, as a part of the loss; 0 if it has none.
    """

    squashed: str = ""
    unlogged: bool = False
    over_rows: bool = False
    spread: tuple[Sequence[int], Sequence[int]] | None = None
    linear: int = 0
    stale: bool = False
    outside: Sequence[str] = ()
    cut: Sequence[str] = ()
    evaluating: Mode = ""
    validates_in_training: bool = False
    random: Sequence[str] = ()
    lagging: tuple[float, float] = (nan, nan)
    targets: float = nan
    penalty: float = 0.0
