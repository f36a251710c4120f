"""The layers of a workspace as one function of tensors."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trainlab.core.types import Array
from trainlab.engine.buffers import Workspace, walk
from trainlab.engine.graph import Node
from trainlab.nn.layer import TorchSlot

Kept = dict[str, Any]  # outputs of layers by name


class LeftError(Exception):
    """A signal asks to leave the step undone."""


class TorchNetwork:
    """y = network(x, noise): the PyTorch forms of the layers, one after the other.

    work: the workspace, whose slots say which layers train · params: tensors of all params by name.
    """

    def __init__(self, torch: Any, work: Workspace, params: Mapping[str, Any]) -> None:
        self._torch, self._nodes = torch, work.nodes
        self.drop_factor: Any = 1.0  # what dropout rates are multiplied by, by their schedule
        self.leave: Array | None = None  # that of `Steps`: looked at before each layer, forward and backward
        self._train = {name: slot.train for name, slot in work.slots.items()}
        self._params = {n.name: _own(n, params) for top in work.nodes for n in top.walk()}

    def __call__(self, x: Any, noise: Mapping[str, Any], kept: Kept | None = None) -> Any:
        """The output for rows x.

        noise: what `Noise.draw` returned, by layer; empty in evaluation · kept: receives the output of each layer that
        is no view of its input. Raises LeftError.
        """
        return self._chain(self._nodes, x, noise, kept)

    def _chain(self, nodes: Sequence[Node], x: Any, noise: Mapping[str, Any], kept: Kept | None) -> Any:
        for node in nodes:
            if node.layer.view:
                x = x.reshape(len(x), *node.out_shape)
                continue
            self._look()
            x = node.layer.torch(self._slot(node, x, noise, kept))
            if self.leave is not None and x.requires_grad:
                x.register_hook(self._look)
            if kept is not None:
                kept[node.name] = x
        return x

    def _look(self, _: Any = None) -> None:
        if self.leave is not None and self.leave[0]:
            raise LeftError

    def _slot(self, node: Node, x: Any, noise: Mapping[str, Any], kept: Kept | None) -> TorchSlot:
        def through(branch: Sequence[Node]) -> Callable[[Any], Any]:
            return lambda x: self._chain(branch, x, noise, kept)

        branches = [through(branch) for branch in node.branches]
        own, train, drawn = self._params[node.name], self._train[node.name], noise.get(node.name)
        return TorchSlot(self._torch, x, own, train, drawn, branches, self.drop_factor)


def _own(node: Node, params: Mapping[str, Any]) -> dict[str, Any]:
    return {key: params[f"{node.name}.{key}"] for key in node.params}


class Noise:
    """Draws the random numbers of training steps from the workspace's generator, in the order of the layers."""

    def __init__(self, work: Workspace) -> None:
        first = work.chain[0][1]
        self._rng, self._dtype = first.rng, first.x.dtype.type
        found = ((node, node.layer.noise(node.shape)) for node, _ in walk(work.nodes, work.chain))
        self._needs = [(node.name, need) for node, need in found if need is not None]

    def draw(self, rows: int, own: slice) -> dict[str, Array]:
        """The numbers of a step with so many rows, by layer: of the own rows, though those of all are drawn."""
        drawn: dict[str, Array] = {}
        for name, need in self._needs:
            shape = (rows, *need.shape) if need.per_row else need.shape
            numbers = self._rng.random(shape, self._dtype)
            drawn[name] = numbers[own] if need.per_row else numbers
        return drawn
