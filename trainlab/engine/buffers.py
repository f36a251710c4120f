"""The memory of a network: arrays for batches of a given size, laid out once before the first step.

`Workspace` makes the arrays of a chain of layers and the slots that point into them; `Batch` adds the targets and the
memory of the loss.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from math import prod

import numpy as np

from trainlab.core.types import Array, Shape
from trainlab.engine.graph import Node
from trainlab.nn.layer import Layer, Scratch, Slot
from trainlab.nn.loss import LossSlot

Chain = list[tuple[Layer, Slot]]
Arrays = dict[str, Array]
CACHE_LINE = 64  # bytes


def aligned(shape: Shape, dtype: np.dtype[np.generic]) -> Array:
    """Zeros whose first byte begins a cache line, so that vector loads do not cross lines."""
    size = prod(shape) * dtype.itemsize
    raw = np.zeros(size + CACHE_LINE, np.uint8)
    start = -int(raw.__array_interface__["data"][0]) % CACHE_LINE
    return raw[start : start + size].view(dtype).reshape(shape)


class Workspace:
    """The slots of a chain of layers for batches of up to `rows` rows.

    x, y: the first layer's input and the last one's output, (rows, ...) · dy, dx: their gradients (training only; dx
    only with `need_dx`) · slots: every layer's slot by name · chain: the top layers with their slots. Frozen layers use
    their running statistics, and the backward pass ends at the first layer that is trained.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        params: Arrays,
        grads: Arrays,
        *,
        rows: int,
        dtype: np.dtype[np.generic],
        rng: np.random.Generator,
        train: bool,
        need_dx: bool = False,
        frozen: Collection[str] = (),
    ) -> None:
        self.nodes, self.rows, self.train = nodes, rows, train
        self._make = _Maker(params, grads, rows, dtype, rng, train, frozen)
        self.drop_factor = self._make.drop_factor
        self.x = self._make.array(nodes[0].shape)
        self.chain = self._make.chain(nodes, self.x, need_dx=need_dx)
        self._set_ends()
        self._narrow: dict[int, Workspace] = {}  # without itself: no cycle, so unused memory is freed at once

    def _set_ends(self) -> None:
        last = self.chain[-1][1]
        self.y, self.dy = last.y, last.dy
        self.dx = self.chain[0][1].dx
        self.slots = {node.name: slot for node, slot in walk(self.nodes, self.chain)}
        steps = [pair for pair in self.chain if not pair[0].view]
        self.forwards: list[tuple[Callable[[Slot], None], Slot]] = [(layer.forward, slot) for layer, slot in steps]
        self.backwards = [(layer.backward, slot) for layer, slot in reversed(steps) if slot.backward]

    def first(self, rows: int) -> "Workspace":
        """A workspace for the first `rows` rows of this one's memory."""
        if rows == self.rows:
            return self
        found = self._narrow.get(rows)
        if found is None:
            found = object.__new__(Workspace)
            found.nodes, found.rows, found.train = self.nodes, rows, self.train
            found.x, found.drop_factor = self.x[:rows], self.drop_factor
            found.chain = _narrowed(self.nodes, self.chain, rows)
            found._narrow = {}
            found._set_ends()
            self._narrow[rows] = found
        return found

    def forward(self) -> None:
        """y from x, layer by layer."""
        for step, slot in self.forwards:
            step(slot)

    def backward(self) -> None:
        """dx and the gradients of all params from dy, last layer first."""
        for step, slot in self.backwards:
            step(slot)


class Batch:
    """A workspace for training together with the targets of its rows."""

    def __init__(self, work: Workspace, targets: Array, weights: Array | None = None) -> None:
        """`targets`: the encoded targets of all rows, `weights` (rows,): how much each counts, if that differs; the
        batch gets memory of their types for its own.
        """
        self.work = work
        self.t = np.empty((work.rows, *targets.shape[1:]), targets.dtype)
        self.weights = None if weights is None else np.empty(work.rows, weights.dtype)
        self._parts: dict[int, tuple[Workspace, LossSlot]] = {}

    def first(self, rows: int) -> tuple[Workspace, LossSlot]:
        """The workspace and the loss slot for the first `rows` rows of this memory."""
        found = self._parts.get(rows)
        if found is None:
            work, weights = self.work.first(rows), None if self.weights is None else self.weights[:rows]
            found = self._parts[rows] = work, LossSlot(work.y, self.t[:rows], work.dy, weights)
        return found


def allocate(scratch: Scratch, rows: int, dtype: np.dtype[np.generic]) -> Array:
    """The array that a scratch declaration asks for."""
    return aligned((rows, *scratch.shape) if scratch.per_row else scratch.shape, dtype)


def walk(nodes: Sequence[Node], chain: Chain) -> Iterator[tuple[Node, Slot]]:
    """Every node, inner ones too, with its slot, in the order in which they run."""
    for node, (_, slot) in zip(nodes, chain, strict=True):
        yield node, slot
        for branch, inner in zip(node.branches, slot.branches, strict=True):
            yield from walk(branch, inner)


class _Maker:
    """Makes arrays and slots for one workspace."""

    def __init__(
        self,
        params: Arrays,
        grads: Arrays,
        rows: int,
        dtype: np.dtype[np.generic],
        rng: np.random.Generator,
        train: bool,
        frozen: Collection[str],
    ) -> None:
        self.params, self.grads, self.rows = params, grads, rows
        self.drop_factor = np.ones(1)
        self.dtype, self.rng, self.train, self.frozen = dtype, rng, train, frozen

    def array(self, shape: Shape) -> Array:
        return aligned((self.rows, *shape), self.dtype)

    def gradient(self, shape: Shape) -> Array:
        return self.array(shape) if self.train else np.zeros((0, *shape), self.dtype)

    def chain(self, nodes: Sequence[Node], x: Array, *, need_dx: bool) -> Chain:
        """A slot for each node, from the input x (rows, ...) on: each one's y is the x of the next.

        need_dx: whether the gradient of x is wanted.
        """
        made: Chain = []
        dx = self.gradient(nodes[0].shape) if need_dx and self.train else None
        for node in nodes:
            if node.layer.view:
                y = x.reshape((self.rows, *node.out_shape))
                dy = dx.reshape((len(dx), *node.out_shape)) if dx is not None else self.gradient(node.out_shape)
            else:
                y, dy = self.array(node.out_shape), self.gradient(node.out_shape)
            needed = self.train and (need_dx or dx is not None or self._learns(node))
            slot = Slot(
                x=x,
                y=y,
                dy=dy,
                dx=dx,
                p={k: self.params[f"{node.name}.{k}"] for k in node.params},
                g={k: self.grads[f"{node.name}.{k}"] for k, p in node.params.items() if p.trained},
                tmp={k: allocate(s, self.rows, self.dtype) for k, s in node.layer.scratch(node.shape).items()},
                rng=self.rng,
                train=self.train and not (node.name in self.frozen and _keeps_statistics(node)),
                backward=needed,
                drop_factor=self.drop_factor,
                branches=[self.chain(branch, x, need_dx=dx is not None) for branch in node.branches],
            )
            made.append((node.layer, slot))
            # the next layer needs dx only if something before it learns
            x, dx = y, (dy if needed else None)
        return made

    def _learns(self, node: Node) -> bool:
        inside = [inner for inner in node.walk() if inner.name not in self.frozen]
        return any(p.trained for inner in inside for p in inner.params.values())


def _keeps_statistics(node: Node) -> bool:
    return any(not param.trained for param in node.params.values())


def _narrowed(nodes: Sequence[Node], chain: Chain, rows: int) -> Chain:
    made: Chain = []
    for node, (layer, s) in zip(nodes, chain, strict=True):
        per_row = {k: scratch.per_row for k, scratch in layer.scratch(node.shape).items()}
        slot = Slot(
            x=s.x[:rows],
            y=s.y[:rows],
            dy=s.dy[:rows],
            dx=None if s.dx is None else s.dx[:rows],
            p=s.p,
            g=s.g,
            tmp={k: a[:rows] if per_row[k] else a for k, a in s.tmp.items()},
            rng=s.rng,
            train=s.train,
            backward=s.backward,
            drop_factor=s.drop_factor,
            branches=[_narrowed(b, c, rows) for b, c in zip(node.branches, s.branches, strict=True)],
        )
        made.append((layer, slot))
    return made
