"""Collects the ops of a program while the layers are lowered, one after the other."""

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
Call = Callable[[int], None]  # a Python function called from between kernels with the step's number of rows


@dataclass(frozen=True, slots=True)
class Link:
    """A layer in a chain. name: as in `Workspace.slots` · slot: for the largest batch · branches: the chains inside a
    composite layer.
    """

    name: str
    layer: Layer
    slot: Slot
    branches: "tuple[tuple[Link, ...], ...]" = ()


@dataclass(frozen=True, slots=True)
class Op:
    """A kernel with its sizes i, numbers f and pointers p; or, with `call`, a Python function."""

    kernel: str
    i: Sequence[int] = ()
    f: Sequence[float] = ()
    p: Sequence[Pointer] = ()
    call: Call | None = None


class Builder:
    """The ops so far. rows: of the largest batch · train: emit the backward pass too · apart: no op covers more than
    one layer, so that every output is written.

    A lowering calls `forward` for each op of the forward pass and `backward` for each op of the backward pass, in the
    order in which they run. Groups of backward ops run in reverse order: the last layer's first.
    """

    def __init__(self, library: Library, rows: int, *, train: bool, apart: bool = False) -> None:
        self.library, self.rows, self.train, self.apart = library, rows, train, apart
        self.forwards: list[Op] = []
        self._groups: list[list[Op]] = []
        self._keep_alive: list[Any] = []  # ops hold bare addresses

    @contextmanager
    def group(self) -> Generator[None]:
        """The ops of one lowering: its backward ops stay together, in their order."""
        self._groups.append([])
        yield

    @property
    def backwards(self) -> list[Op]:
        """All ops of the backward pass, in the order in which they run."""
        return [op for group in reversed(self._groups) for op in group]

    def forward(self, kernel: str, i: Sequence[int] = (), f: Sequence[float] = (), p: Sequence[Pointer] = ()) -> None:
        """Add an op to the forward pass."""
        self.forwards.append(Op(kernel, i, f, p))

    def backward(self, kernel: str, i: Sequence[int] = (), f: Sequence[float] = (), p: Sequence[Pointer] = ()) -> None:
        """Add an op to the backward pass."""
        self._groups[-1].append(Op(kernel, i, f, p))

    def forget_backward(self) -> None:
        """Drop the backward ops of the group."""
        self._groups[-1].clear()

    def python(self, *, forward: Call | None = None, backward: Call | None = None) -> None:
        """Add Python functions, called from between kernels with the step's number of rows."""
        if forward is not None:
            self.forwards.append(Op("call", call=forward))
        if backward is not None:
            self._groups[-1].append(Op("call", call=backward))

    def generator(self, rng: np.random.Generator) -> int:
        """The address of the state of NumPy's generator."""
        self._keep_alive.append(rng)
        return state_of(rng)

    def memory(self, shape: Shape, dtype: type[np.generic] = np.float32) -> Array:
        """Working memory that lives as long as the program: zeros, aligned to a cache line."""
        made = aligned(shape, np.dtype(dtype))
        self._keep_alive.append(made)
        return made


def address(a: Pointer) -> int:
    """The address of an array's first byte; 0 for None."""
    if a is None:
        return 0
    return a if isinstance(a, int) else int(a.__array_interface__["data"][0])


def op_table(ops: Sequence[Op], library: Library, calls: Callable[[Call], int]) -> Array:
    """The ops as the interpreter reads them. `calls` returns the address of a Python function.

    Raises ValueError if an op has more arguments than its record holds.
    """
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
