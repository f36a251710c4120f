"""Lays out memory: which arrays a chain of layers needs, under which names, and the slots that point into them.

Two steps: `arrange` lets the shapes flow through the layers and names everything (no array is made, so a config can
be checked before any data is read); `Workspace` makes the arrays for batches of a size.
"""

import mmap
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import prod

import numpy as np

from trainlab.core.errors import ShapeError
from trainlab.core.types import Array, Shape
from trainlab.nn.layer import Layer, Param, Scratch, Slot

Chain = list[tuple[Layer, Slot]]
Arrays = dict[str, Array]


class LayerError(ShapeError):
    """A shape that a layer cannot take. `place`: the indices that lead to the layer in the config's lists."""

    def __init__(self, message: str, place: tuple[int, ...]) -> None:
        super().__init__(message)
        self.place = place


@dataclass(frozen=True, slots=True)
class Node:
    """A layer at its place: its name in files and messages (`dense1`), its shapes and the params it owns."""

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


def arrange(layers: Sequence[Layer], shape: Shape) -> list[Node]:
    """The layers as nodes, shapes checked and names given. Raises LayerError at the first that does not fit."""
    return _arrange(layers, shape, "", Counter(), ())


def _arrange(
    layers: Sequence[Layer], shape: Shape, prefix: str, counts: Counter[str], place: tuple[int, ...]
) -> list[Node]:
    nodes: list[Node] = []
    for index, layer in enumerate(layers):
        counts[layer.name] += 1
        name = f"{prefix}{layer.name}{counts[layer.name]}"
        inner: Counter[str] = Counter()
        try:
            branches = tuple(
                tuple(_arrange(branch, shape, f"{name}.", inner, (*place, index))) for branch in layer.branches(shape)
            )
            out_shape = layer.out_shape(shape)
        except LayerError:
            raise
        except ShapeError as error:
            raise LayerError(f"{name}: {error}", (*place, index)) from None
        nodes.append(Node(name, layer, shape, out_shape, layer.params(shape), branches))
        shape = out_shape
    return nodes


CACHE_LINE = 64  # bytes: a vector that begins one is read in one piece
_OWN_PAGES = 1 << 19  # bytes: an array of this size has pages of its own
_HUGE_PAGE = 1 << 21  # bytes; of an array of this size they are asked for
_ASK_FOR_HUGE: int = getattr(mmap, "MADV_HUGEPAGE", 0)  # 0 where there are none: Linux has them


def aligned(shape: Shape, dtype: np.dtype[np.generic]) -> Array:
    """Zeros whose first byte begins a cache line.

    Large arrays are pages of their own: what is never written takes no memory, and what nobody uses any more goes back
    to the system at once. (`malloc` keeps freed memory for later, and writes zeros over what it gives out again.) The
    largest have huge ones as far as these are filled: an optimizer goes through four vectors side by side, and finding
    512 small pages one after the other takes a fifth of its time.
    """
    size = prod(shape) * dtype.itemsize
    if size < _OWN_PAGES:
        raw = np.zeros(size + CACHE_LINE, np.uint8)
        start = _to_border(raw, CACHE_LINE)
    else:
        raw, start = _own_pages(size)
    return raw[start : start + size].view(dtype).reshape(shape)


def _own_pages(size: int) -> tuple[Array, int]:
    """Bytes on pages of their own, and where `size` of them begin: at a huge page's border if one is filled."""
    huge = size // _HUGE_PAGE * _HUGE_PAGE if _ASK_FOR_HUGE else 0
    pages = mmap.mmap(-1, size + (_HUGE_PAGE if huge else 0), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    raw = np.frombuffer(pages, np.uint8)
    if not huge:
        return raw, 0
    start = _to_border(raw, _HUGE_PAGE)
    with suppress(OSError):  # where the system has none
        pages.madvise(_ASK_FOR_HUGE, start, huge)
    return raw, start


def _to_border(raw: Array, border: int) -> int:
    """How many bytes lie before the first whose address is a multiple of `border`."""
    return -int(raw.__array_interface__["data"][0]) % border


class Workspace:
    """The slots of a chain of layers for batches of up to `rows` rows.

    x, y: the first layer's input and the last one's output; dy, dx: their gradients (training only; dx only if asked
    for). `first(n)` is the same memory for a smaller batch.
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
    ) -> None:
        self.nodes, self.rows, self.train = nodes, rows, train
        self._make = _Maker(params, grads, rows, dtype, rng, train)
        self.x = self._make.array(nodes[0].shape)
        self.chain = self._make.chain(nodes, self.x, need_dx=need_dx)
        self._set_ends()
        self._narrow: dict[int, Workspace] = {}  # without itself: what nobody uses any more goes at once

    def _set_ends(self) -> None:
        last = self.chain[-1][1]
        self.y, self.dy = last.y, last.dy
        self.dx = self.chain[0][1].dx
        self.slots = {node.name: slot for node, slot in walk(self.nodes, self.chain)}
        steps = [pair for pair in self.chain if not pair[0].view]
        self.forwards: list[tuple[Callable[[Slot], None], Slot]] = [(layer.forward, slot) for layer, slot in steps]
        self.backwards = [(layer.backward, slot) for layer, slot in reversed(steps)]

    def first(self, rows: int) -> "Workspace":
        """A workspace for the first `rows` rows of this one's memory."""
        if rows == self.rows:
            return self
        found = self._narrow.get(rows)
        if found is None:
            found = object.__new__(Workspace)
            found.nodes, found.rows, found.train = self.nodes, rows, self.train
            found.x = self.x[:rows]
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
        """All gradients from dy, last layer first."""
        for step, slot in self.backwards:
            step(slot)


def allocate(scratch: Scratch, rows: int, dtype: np.dtype[np.generic]) -> Array:
    """The array that a scratch declaration asks for."""
    return aligned((rows, *scratch.shape) if scratch.per_row else scratch.shape, np.dtype(scratch.dtype or dtype))


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
    ) -> None:
        self.params, self.grads, self.rows = params, grads, rows
        self.dtype, self.rng, self.train = dtype, rng, train

    def array(self, shape: Shape) -> Array:
        return aligned((self.rows, *shape), self.dtype)

    def gradient(self, shape: Shape) -> Array:
        return self.array(shape) if self.train else np.zeros((0, *shape), self.dtype)

    def chain(self, nodes: Sequence[Node], x: Array, *, need_dx: bool) -> Chain:
        made: Chain = []
        dx = self.gradient(nodes[0].shape) if need_dx and self.train else None
        for node in nodes:
            if node.layer.view:
                y = x.reshape((self.rows, *node.out_shape))
                dy = dx.reshape((len(dx), *node.out_shape)) if dx is not None else self.gradient(node.out_shape)
            else:
                y, dy = self.array(node.out_shape), self.gradient(node.out_shape)
            slot = Slot(
                x=x,
                y=y,
                dy=dy,
                dx=dx,
                p={k: self.params[f"{node.name}.{k}"] for k in node.params},
                g={k: self.grads[f"{node.name}.{k}"] for k, p in node.params.items() if p.trained},
                tmp={k: allocate(s, self.rows, self.dtype) for k, s in node.layer.scratch(node.shape).items()},
                rng=self.rng,
                train=self.train,
                branches=[self.chain(branch, x, need_dx=dx is not None) for branch in node.branches],
            )
            made.append((node.layer, slot))
            # where nobody needs dx, a layer without params before the next one needs no gradient either
            x, dx = y, (dy if self.train and (need_dx or dx is not None or _learns(node)) else None)
        return made


def _learns(node: Node) -> bool:
    return any(p.trained for inner in node.walk() for p in inner.params.values())


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
            branches=[_narrowed(b, c, rows) for b, c in zip(node.branches, s.branches, strict=True)],
        )
        made.append((layer, slot))
    return made


def slot_for(
    layer: Layer,
    shape: Shape,
    rows: int,
    *,
    dtype: type[np.generic] = np.float64,
    rng: np.random.Generator | None = None,
    train: bool = True,
    need_dx: bool = True,
) -> Slot:
    """One layer's slot with memory of its own, for checks: weights of variance 1/fan_in, other params at `fill`."""
    rng = rng or np.random.default_rng(0)
    nodes = arrange([layer], shape)
    params: Arrays = {}
    grads: Arrays = {}
    for node in nodes[0].walk():
        for key, param in node.params.items():
            name = f"{node.name}.{key}"
            params[name] = np.full(param.shape, param.fill, dtype)
            if param.role == "weight":
                params[name][...] = rng.normal(size=param.shape) / np.sqrt(max(1, param.fan_in))
            if param.trained:
                grads[name] = np.zeros(param.shape, dtype)
    work = Workspace(nodes, params, grads, rows=rows, dtype=np.dtype(dtype), rng=rng, train=train, need_dx=need_dx)
    return work.chain[0][1]
