"""The layer graph: every layer at its place, with its name, its shapes and the parameters it declares.

No array is made here, so a config's shapes can be checked before any data is read.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

from trainlab.core.errors import ShapeError
from trainlab.core.types import Shape
from trainlab.nn.layer import Layer, Param


class LayerError(ShapeError):
    """A layer cannot take the shape it is given. `place`: indices that lead to it in the config's lists of layers."""

    def __init__(self, message: str, place: tuple[int, ...]) -> None:
        super().__init__(message)
        self.place = place


@dataclass(frozen=True, slots=True)
class Node:
    """A layer in the graph.

    name: as in files and messages (`dense1`, `residual1.conv2`) · shape, out_shape: of one row of its input and output
    · params: the arrays it declares · branches: the chains of nodes inside a composite layer.
    """

    name: str
    layer: Layer
    shape: Shape
    out_shape: Shape
    params: dict[str, Param]
    branches: "tuple[tuple[Node, ...], ...]" = ()

    def walk(self) -> "Iterator[Node]":
        """This node and every node inside it, in the order in which they run."""
        yield self
        for branch in self.branches:
            for node in branch:
                yield from node.walk()

    @property
    def parameters(self) -> int:
        """How many trained numbers this layer owns, without the layers inside it."""
        return sum(prod(param.shape) for param in self.params.values() if param.trained)

    @property
    def weights(self) -> int:
        """How many of them are weights."""
        return sum(prod(param.shape) for param in self.params.values() if param.role == "weight")

    @property
    def weight_keys(self) -> list[str]:
        """The keys in `params` of its weight arrays."""
        return [key for key, param in self.params.items() if param.role == "weight"]

    @property
    def multiply_adds(self) -> int:
        """Multiplications of weights for one row, forward."""
        return self.weights * _places(self)


def _places(node: Node) -> int:
    """How often a row uses each weight: once in a dense layer, once per output pixel in a convolution."""
    return prod(node.out_shape[:-1])


def build_graph(layers: Sequence[Layer], shape: Shape) -> list[Node]:
    """The layers as nodes, for rows of this shape. Raises LayerError at the first layer that does not fit."""
    return _build(layers, shape, "", Counter(), ())


def _build(
    layers: Sequence[Layer], shape: Shape, prefix: str, counts: Counter[str], place: tuple[int, ...]
) -> list[Node]:
    nodes: list[Node] = []
    for index, layer in enumerate(layers):
        counts[layer.name] += 1
        name = f"{prefix}{layer.name}{counts[layer.name]}"
        inner: Counter[str] = Counter()
        try:
            branches = tuple(
                tuple(_build(branch, shape, f"{name}.", inner, (*place, index))) for branch in layer.branches(shape)
            )
            out_shape = layer.out_shape(shape)
        except LayerError:
            raise
        except ShapeError as error:
            raise LayerError(f"{name}: {error}", (*place, index)) from None
        nodes.append(Node(name, layer, shape, out_shape, layer.params(shape), branches))
        shape = out_shape
    return nodes
