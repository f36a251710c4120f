"""Sums over the outputs of layers while rows pass through a network piece by piece."""

from collections.abc import Sequence
from math import prod

import numpy as np

from trainlab.core.types import Array
from trainlab.engine.graph import Node
from trainlab.nn.activation import Activation


def units_that_fire(y: Array) -> Array:
    """Which units (the last axis) are above zero anywhere."""
    return np.any(y.reshape(-1, y.shape[-1]) > 0, axis=0)


def silent(fires: Array) -> float:
    """The share of units that do not fire."""
    return 1.0 - float(np.count_nonzero(fires)) / fires.size


def flat(y: Array, ends: tuple[float, float]) -> float:
    """The share of outputs beyond either end, where an activation is flat."""
    return float(np.mean((y < ends[0]) | (y > ends[1])))


class Spread:
    """How much the numbers of a row differ from row to row: their means, and squared distances from the means.

    Source: Chan, Golub & LeVeque 1979, "Updating formulae", for means and squares of two sets together.

    >>> spread = Spread()
    >>> spread.add(np.array([[1.0], [2.0]])), spread.add(np.array([[6.0]]))
    (None, None)
    >>> round(spread.deviation ** 2, 3)
    4.667
    """

    def __init__(self, numbers: int = 1) -> None:
        self.rows = 0
        self.mean: Array = np.zeros(numbers)
        self.squares: Array = np.zeros(numbers)

    def add(self, y: Array) -> None:
        """Add rows y (rows, ...)."""
        wide = y.reshape(len(y), -1).astype(np.float64)
        mean = wide.mean(axis=0)
        wide -= mean
        squares = np.einsum("ij,ij->j", wide, wide)
        rows, before = self.rows + len(wide), self.rows
        if before:
            shift = mean - self.mean
            squares += self.squares + shift * shift * (before * len(wide) / rows)
            mean = self.mean + shift * (len(wide) / rows)
        self.rows, self.mean, self.squares = rows, mean, squares

    def count(self, rows: int) -> None:
        """Rows whose numbers a kernel has added to `mean` and `squares`."""
        self.rows += rows

    def reset(self) -> None:
        """Start again without rows."""
        self.rows = 0

    @property
    def deviation(self) -> float:
        """Standard deviation from row to row, root mean square over the numbers of a row."""
        return (float(self.squares.sum()) / max(1, self.rows) / self.squares.size) ** 0.5


class OutputSums:
    """Sums over one layer's outputs.

    dead: share of relu units that were zero for every row · saturated: share of outputs at a flat end · gain: mean size
    of the outputs over that of the inputs, for layers that may be random in training, else None.
    """

    def __init__(self, node: Node) -> None:
        self.spread = Spread(prod(node.out_shape))
        self.ends = node.layer.saturates
        self.fires: Array | None = np.zeros(node.out_shape[-1], np.int32) if node.layer.fires else None
        self._may_be_random = _may_be_random(node)
        self.reset()

    def reset(self) -> None:
        """Start again without rows."""
        self.spread.reset()
        if self.fires is not None:
            self.fires[...] = 0
        self._flat = self._in = self._out = 0.0

    def add(self, x: Array, y: Array) -> None:
        """Add rows: a layer's inputs x and outputs y."""
        self.spread.add(y)
        if self.fires is not None:
            self.fires |= units_that_fire(y)
        if self.ends is not None:
            self.add_flat(flat(y, self.ends), len(y))
        self.add_sizes(x, y)

    def add_flat(self, share: float, rows: int) -> None:
        """Add rows of whose outputs this share is at a flat end."""
        self._flat += rows * share

    def add_sizes(self, x: Array, y: Array) -> None:
        """Add the mean sizes of rows, for layers that may be random."""
        if self._may_be_random:
            self._in += len(y) * float(np.abs(x).mean())
            self._out += len(y) * float(np.abs(y).mean())

    @property
    def dead(self) -> float:
        """Units of a relu that never fired, as a share."""
        return 0.0 if self.fires is None else silent(self.fires)

    @property
    def saturated(self) -> float:
        """Outputs at a flat end, as a share."""
        return self._flat / max(1, self.spread.rows)

    @property
    def gain(self) -> float | None:
        """Mean size of the outputs over that of the inputs."""
        if not self._may_be_random:
            return None
        return self._out / self._in if self._in else 0.0


def _may_be_random(node: Node) -> bool:
    """A layer that learns nothing, keeps its input's shape and is linear: dropout and its like."""
    plain = not node.params and not node.branches and not node.layer.view
    return plain and node.shape == node.out_shape and not isinstance(node.layer, Activation)


class ProbeSums:
    """Sums over the rows of a probe: of its inputs, and of each layer's outputs by the layer's name."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        """`nodes`: the network's top nodes, first to last."""
        self.input = Spread(prod(nodes[0].shape))
        self.layers = {node.name: OutputSums(node) for top in nodes for node in top.walk()}

    def reset(self) -> None:
        """Start again without rows."""
        self.input.reset()
        for outputs in self.layers.values():
            outputs.reset()
