"""Collects the ops of a plan while the layers are lowered, one after the other."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainlab.core.types import Array, Shape
from trainlab.engine.buffers import aligned
from trainlab.engine.compiled.generator import state_of
from trainlab.engine.compiled.library import Library
from trainlab.engine.compiled.op import FLOATS, INTS, OP, POINTERS
from trainlab.nn.layer import Layer, Slot

Pointer = Array | int | None
Call = Callable[[int], None]  # what Python does in a plan, given the step's rows


@dataclass(frozen=True, slots=True)
class Link:
    """A layer at its place in a chain: `slot` for the most rows that a batch has; name as in `Workspace.slots`.

    `branches`: the chains inside a composite layer.
    """

    name: str
    layer: Layer
    slot: Slot
    branches: "tuple[tuple[Link, ...], ...]" = ()


@dataclass(frozen=True, slots=True)
class Op:
    """A kernel with its sizes, numbers and pointers; or, with `call`, something that Python does."""

    kernel: str
    i: Sequence[int] = ()
    f: Sequence[float] = ()
    p: Sequence[Pointer] = ()
    call: Call | None = None


class Builder:
    """The ops so far. `rows`: the most that a batch has; `train`: whether there is a way back; `apart`: each layer by
    itself, so that all outputs are written.

    A lowering calls `forward` for each op on the way forth, and `backward` for each on the way back, in the order in
    which they are to run; the groups of different layers are turned round in the end.
    """

    def __init__(self, library: Library, rows: int, *, train: bool, apart: bool = False) -> None:
        self.library, self.rows, self.train, self.apart = library, rows, train, apart
        self.forwards: list[Op] = []
        self._groups: list[list[Op]] = []
        self.kept: list[Any] = []  # what the ops point to

    @contextmanager
    def group(self) -> Generator[None]:
        """The ops of one lowering: those on the way back stay together, in their order."""
        self._groups.append([])
        yield

    @property
    def backwards(self) -> list[Op]:
        """All ops on the way back, in the order in which they run."""
        return [op for group in reversed(self._groups) for op in group]

    def forward(self, kernel: str, i: Sequence[int] = (), f: Sequence[float] = (), p: Sequence[Pointer] = ()) -> None:
        """An op on the way forth."""
        self.forwards.append(Op(kernel, i, f, p))

    def backward(self, kernel: str, i: Sequence[int] = (), f: Sequence[float] = (), p: Sequence[Pointer] = ()) -> None:
        """An op on the way back."""
        self._groups[-1].append(Op(kernel, i, f, p))

    def python(self, *, forward: Call | None = None, backward: Call | None = None) -> None:
        """Something that NumPy does inside the plan, given the step's rows."""
        if forward is not None:
            self.forwards.append(Op("call", call=forward))
        if backward is not None:
            self._groups[-1].append(Op("call", call=backward))

    def generator(self, rng: np.random.Generator) -> int:
        """Where a kernel finds NumPy's generator."""
        self.kept.append(rng)
        return state_of(rng)

    def memory(self, shape: Shape, dtype: type[np.generic] = np.float32) -> Array:
        """Working memory of a plan: zeros that begin on a cache line."""
        made = aligned(shape, np.dtype(dtype))
        self.kept.append(made)
        return made


def address(a: Pointer) -> int:
    """Where an array's numbers stand; 0 for None."""
    if a is None:
        return 0
    return a if isinstance(a, int) else int(a.__array_interface__["data"][0])


def records(ops: Sequence[Op], library: Library, calls: Callable[[Call], int]) -> Array:
    """The ops as the interpreter reads them; `calls` gives the address of a function of Python's."""
    table = np.zeros(len(ops), OP)
    for row, op in zip(table, ops, strict=True):
        if op.call is not None:
            row["run"] = library.address("call")
            row["p"][0] = calls(op.call)
            continue
        if len(op.i) > INTS or len(op.f) > FLOATS or len(op.p) > POINTERS:
            raise ValueError(f"{op.kernel}: an op holds {INTS} sizes, {FLOATS} numbers and {POINTERS} pointers")
        row["run"] = library.address(op.kernel)
        row["i"][: len(op.i)] = op.i
        row["f"][: len(op.f)] = op.f
        row["p"][: len(op.p)] = [address(p) for p in op.p]
    return table
