"""Passes of rows through a network in which every layer's outputs stay, to be summed up: what a probe is made of."""

from abc import ABC, abstractmethod
from math import prod
from typing import TYPE_CHECKING

from trainlab.engine.buffers import Workspace
from trainlab.engine.outputs import Outputs, Spread

if TYPE_CHECKING:
    from trainlab.engine.compiled.library import Library


class Passes(ABC):
    """Passes through the layers of a workspace, which holds as many rows as go through together.

    input, layers: what has been summed up of the inputs, and of each layer's outputs by its name.
    """

    def __init__(self, work: Workspace) -> None:
        self.work = work
        self.input = Spread(prod(work.x.shape[1:]))
        self.layers = {node.name: Outputs(node) for top in work.nodes for node in top.walk()}

    def forget(self) -> None:
        """Begin to sum up anew."""
        self.input.rows = 0
        for outputs in self.layers.values():
            outputs.forget()

    @abstractmethod
    def forward(self, rows: int) -> None:
        """All outputs of the first `rows` rows of x, first layer first."""

    @abstractmethod
    def backward(self, rows: int) -> None:
        """All gradients from dy, last layer first; only of a workspace for training."""

    @abstractmethod
    def add(self, rows: int) -> None:
        """Sum up the rows that have just gone through."""


class NumpyPasses(Passes):
    """By NumPy: the reference."""

    def forward(self, rows: int) -> None:
        """The layers' own methods."""
        self.work.first(rows).forward()

    def backward(self, rows: int) -> None:
        """The layers' own methods."""
        self.work.first(rows).backward()

    def add(self, rows: int) -> None:
        """Layer by layer."""
        self.input.add(self.work.x[:rows])
        for name, outputs in self.layers.items():
            slot = self.work.slots[name]
            outputs.add(slot.x[:rows], slot.y[:rows])


def passes(work: Workspace, library: "Library | None") -> Passes:
    """By kernels, where there are some."""
    if library is None:
        return NumpyPasses(work)
    from trainlab.engine.compiled.passes import PassesPlan

    return PassesPlan(work, library)
