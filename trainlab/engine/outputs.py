"""What is summed up of layers' outputs while rows go through a network piece by piece."""

from math import prod

import numpy as np

from trainlab.core.types import Array
from trainlab.engine.buffers import Node
from trainlab.engine.inspection import SATURATION, fires, flat, silent
from trainlab.nn.activation import Activation


class Spread:
    """How much the numbers of a row differ from row to row: their means, and squared distances from these.

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
        """More rows."""
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

    @property
    def deviation(self) -> float:
        """Standard deviation from row to row, root mean square over what is in a row."""
        return (float(self.squares.sum()) / max(1, self.rows) / self.squares.size) ** 0.5


class Outputs:
    """One layer's outputs.

    dead: share of relu units that were zero for every row · saturated: share of outputs in a flat end · gain: how many
    times the mean size of its input its output has, for layers that may be random in training, else None.
    """

    def __init__(self, node: Node) -> None:
        self.spread = Spread(prod(node.out_shape))
        self.ends = SATURATION.get(node.layer.name)
        self.fires: Array | None = np.zeros(node.out_shape[-1], np.int32) if node.layer.name == "relu" else None
        self._may_be_random = _may_be_random(node)
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.spread.rows = 0
        if self.fires is not None:
            self.fires[...] = 0
        self._flat = self._in = self._out = 0.0

    def add(self, x: Array, y: Array) -> None:
        """More rows."""
        self.spread.add(y)
        if self.fires is not None:
            self.fires |= fires(y)
        if self.ends is not None:
            self.add_flat(flat(y, self.ends), len(y))
        self.add_sizes(x, y)

    def add_flat(self, share: float, rows: int) -> None:
        """So much of the outputs of some more rows is in a flat end."""
        self._flat += rows * share

    def add_sizes(self, x: Array, y: Array) -> None:
        """The mean sizes of more rows, where somebody wants to know."""
        if self._may_be_random:
            self._in += len(y) * float(np.abs(x).mean())
            self._out += len(y) * float(np.abs(y).mean())

    @property
    def dead(self) -> float:
        """Units of a relu that never fired, as a share."""
        return 0.0 if self.fires is None else silent(self.fires)

    @property
    def saturated(self) -> float:
        """Outputs in a flat end, as a share."""
        return self._flat / max(1, self.spread.rows)

    @property
    def gain(self) -> float | None:
        """Mean size of the outputs over that of the inputs."""
        if not self._may_be_random:
            return None
        return self._out / self._in if self._in else 0.0


def _may_be_random(node: Node) -> bool:
    """A layer that learns nothing, keeps its input's shape and bends nothing: dropout and its like."""
    plain = not node.params and not node.branches and not node.layer.view
    return plain and node.shape == node.out_shape and not isinstance(node.layer, Activation)
