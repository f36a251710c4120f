"""Matrix products as ops, shared by dense, maxout and drop_connect, and the relu that a dense layer takes over."""

from collections.abc import Sequence
from typing import NamedTuple, cast

import numpy as np

from trainlab.core.types import Array
from trainlab.engine.compiled.builder import Builder, Link
from trainlab.engine.compiled.generator import draws_alike
from trainlab.engine.compiled.layers._dropout import kept_factor
from trainlab.engine.compiled.layers._matching import follows
from trainlab.nn.layer import Slot
from trainlab.nn.layers.dropout import Dropout

_LONG, _CHUNK = 1280, 320  # length from which a sum is cut into chunks, and the length of a chunk
_MANY_ROWS = 2048  # so many rows make enough tiles without cutting the sum
_LISTED = 64  # numbers in a list of nonzeros, at least (LISTED of sparse.h)


class Gate(NamedTuple):
    """The relu before a dense layer, perhaps with a dropout between them.

    The dense layer writes the relu's dx instead of its own: 0 where `mask` is not positive, the rest times `scale`.
    """

    dx: Array | None
    mask: Array
    scale: float


class Lists(NamedTuple):
    """Memory for the lists of the nonzeros of rows, and for the lengths of the lists (sparse.h)."""

    places: Array | None = None
    counts: Array | None = None


def masks_relu(b: Builder, chain: Sequence[Link], at: int) -> bool:
    """Whether the relu at this place is followed by a dense layer, which then writes the relu's dx (see Gate)."""
    thinned = follows(chain, at, "dropout") and draws_alike(b.library)
    return follows(chain, at + thinned, "dense")


def gate_before(b: Builder, chain: Sequence[Link], at: int) -> Gate | None:
    """The relu whose dx the dense layer at this place writes."""
    dropout = chain[at - 1].layer if at and chain[at - 1].layer.name == "dropout" else None
    relu = at - 2 if dropout else at - 1
    if relu < 0 or chain[relu].layer.name != "relu" or not masks_relu(b, chain, relu):
        return None
    return Gate(chain[relu].slot.dx, chain[at - 1].slot.y, kept_factor(cast(Dropout, dropout)) if dropout else 1.0)


def backward_of_relu(b: Builder, slot: Slot) -> None:
    """dx = dy where y > 0."""
    if slot.dx is not None:
        b.backward("relu_backward", [int(np.prod(slot.y.shape[1:]))], [], [slot.x, slot.y, slot.dy, slot.dx])


def affine(b: Builder, x: Array, W: Array, bias: Array | None, y: Array, relu: Array | None = None) -> Lists:
    """y = x W + b. Returns the lists of x, which the backward pass reads too."""
    n_in, units = W.shape
    chunks, sums = chunked(b, n_in, units)
    lists = _lists(b, n_in, units)
    b.forward("dense_forward", [n_in, units, chunks], [], [x, W, bias, y, relu, sums, *lists])
    return lists


def gradients(
    b: Builder,
    slot: Slot,
    x: Array,
    W: Array,
    dy: Array,
    dW: Array,
    db: Array | None,
    lists: Lists,
    gate: Gate | None = None,
) -> None:
    """dW, db and dx if it is needed; with a gate, the dx of its relu. lists: those of x."""
    n_in, units = W.shape
    wide = (8 if _spreads(b, units) else 2) * b.library.width
    packed = b.memory((-(-units // wide) * wide * b.rows,))  # dy in whole panels of columns
    b.backward("dense_weight_gradient", [n_in, units], [], [x, dy, dW, db, packed])
    dx, mask, scale = (gate.dx, gate.mask, gate.scale) if gate else (slot.dx, None, 1.0)
    if dx is not None:
        chunks, sums = chunked(b, units, n_in)
        pointers = [dy, W, dx, mask, sums, *_lists(b, units, n_in), *lists]
        b.backward("dense_input_gradient", [n_in, units, chunks], [scale], pointers)


def _spreads(b: Builder, columns: int) -> bool:
    """Whether rows of so many columns are wide enough for a sparse product (SPARSE_COLUMNS of dense.c)."""
    return columns >= 6 * b.library.width


def _lists(b: Builder, n: int, columns: int) -> Lists:
    """Lists for rows of n numbers that are multiplied by a matrix of so many columns."""
    if not _spreads(b, columns):
        return Lists()
    return Lists(b.memory((b.rows, n), np.uint8), b.memory((b.rows, -(-n // _LISTED)), np.uint8))


def chunked(b: Builder, n: int, columns: int) -> tuple[int, Array | None]:
    """How many chunks a sum over n numbers is cut into, and memory for their sums (see dense.c)."""
    if n < _LONG or b.rows >= _MANY_ROWS:
        return 1, None
    chunks = -(-n // _CHUNK)
    return chunks, b.memory((chunks, b.rows, columns))
