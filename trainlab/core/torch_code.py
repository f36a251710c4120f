"""A component as source text of a PyTorch module, for `trainlab export --torch`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from trainlab.core.types import Array, Shape


@dataclass(frozen=True, slots=True)
class TorchCode:
    """How a module is made, and what is in it. Modules see images with the channels first, rows as they are.

    module: the expression that makes it, such as `nn.Linear(4, 3)` · state: the arrays of its state dict by name ·
    classes: sources of the classes that the expression uses, by name; `nn` is torch.nn, `F` its functional.
    """

    module: str
    state: Mapping[str, Array] = field(default_factory=dict[str, Array])
    classes: Mapping[str, str] = field(default_factory=dict[str, str])


def channels_first(shape: Shape) -> Shape:
    """The shape of a row (..., channels) in PyTorch.

    >>> channels_first((8, 6, 3)), channels_first((5,))
    ((3, 8, 6), (5,))
    """
    return (shape[-1], *shape[:-1])


def per_channel(shape: Shape) -> Shape:
    """The shape of an array with a number for each channel, to be broadcast over rows of this shape.

    >>> per_channel((8, 6, 3)), per_channel((5,))
    ((3, 1, 1), (5,))
    """
    return (shape[-1], *(1 for _ in shape[:-1]))
