"""The network as a list of layers, for monitors that read its order and what is frozen."""

from collections.abc import Sequence
from dataclasses import dataclass

from trainlab.core.types import Shape
from trainlab.nn.layer import Layer
from trainlab.nn.layers.max_pool import MaxPool


@dataclass(frozen=True, slots=True)
class Part:
    """One layer at its place. `inner`: it is part of a composite layer. `weights`: how many weights it has."""

    name: str
    layer: Layer
    shape: Shape
    out_shape: Shape
    weights: int
    frozen: bool = False
    inner: bool = False

    @property
    def norm(self) -> bool:
        """Whether it rescales its input by the input's own statistics."""
        return self.layer.normalizes

    @property
    def bends(self) -> bool:
        """Whether it is nonlinear."""
        return not self.layer.linear


@dataclass(frozen=True, slots=True)
class Structure:
    """All layers in the order in which they run."""

    parts: Sequence[Part]

    @property
    def weighted(self) -> list[int]:
        """Indices of the layers with weights."""
        return [i for i, part in enumerate(self.parts) if part.weights]

    @property
    def normalizes_input(self) -> bool:
        """Whether a norm layer comes before the first nonlinearity, so that the inputs' scale does not matter."""
        for part in self.parts:
            if part.norm:
                return True
            if part.bends and not isinstance(part.layer, MaxPool):
                return False
        return False

    @property
    def output(self) -> Part | None:
        """The activation after the last weights, if there is one."""
        after: Sequence[Part] = self.parts[self.weighted[-1] + 1 :] if self.weighted else ()
        return next((part for part in after if part.bends), None)

    @property
    def has_waist(self) -> bool:
        """Whether all hidden layers are narrower than both the input and the output: without a nonlinearity that is a
        plan, as in a principal component analysis.
        """
        if len(self.weighted) < 2:
            return False
        first, last = self.parts[self.weighted[0]], self.parts[self.weighted[-1]]
        widest = max(_size(self.parts[i].out_shape) for i in self.weighted[:-1])
        return widest < min(_size(first.shape), _size(last.out_shape))

    @property
    def narrowest(self) -> Part | None:
        """The hidden layer with weights that has the fewest outputs."""
        hidden = [self.parts[i] for i in self.weighted[:-1] if not self.parts[i].inner]
        return min(hidden, key=lambda part: _size(part.out_shape), default=None)


def _size(shape: Shape) -> int:
    size = 1
    for n in shape:
        size *= n
    return size
