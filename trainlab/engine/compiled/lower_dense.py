"""Layers of rows as ops: dense, maxout, drop_connect, dropout."""

from collections.abc import Sequence
from typing import NamedTuple, cast

import numpy as np

from trainlab.core.types import Array
from trainlab.engine.compiled.builder import Builder, Link
from trainlab.engine.compiled.generator import draws_alike
from trainlab.engine.compiled.matching import follows
from trainlab.nn.layer import Slot
from trainlab.nn.layers.dense import Dense
from trainlab.nn.layers.drop_connect import DropConnect
from trainlab.nn.layers.dropout import Dropout
from trainlab.nn.layers.maxout import Maxout

_LONG, _CHUNK = 1280, 320  # numbers of a sum that is cut, and of a piece of it
_MANY = 2048  # rows that make tiles enough uncut
_LISTED = 64  # numbers of a list, at least (LISTED of sparse.h)


class Gate(NamedTuple):
    """The relu before a layer, perhaps with a dropout between.

    The layer writes the relu's own dx: 0 where `mask` is not positive, the rest times `scale`.
    """

    dx: Array | None
    mask: Array
    scale: float


class Lists(NamedTuple):
    """Memory for the lists of what is not 0 in rows of numbers, and for their lengths (sparse.h)."""

    places: Array | None = None
    counts: Array | None = None


def lower_dense(b: Builder, chain: Sequence[Link], at: int) -> int:
    """y = x W + b, and with a relu that follows, max(0, y) in the same pass."""
    layer, slot = cast(Dense, chain[at].layer), chain[at].slot
    relu = chain[at + 1].slot if follows(chain, at, "relu") else None
    bias = slot.p["b"] if layer.bias else None
    lists = affine(b, slot.x, slot.p["W"], bias, slot.y, relu.y if relu else None)
    if b.train:
        if relu is not None and not masks_relu(b, chain, at + 1):
            backward_of_relu(b, relu)
        gate = _gate_before(b, chain, at)
        gradients(b, slot, slot.x, slot.p["W"], slot.dy, slot.g["W"], slot.g.get("b"), lists, gate)
    return 2 if relu is not None else 1


def masks_relu(b: Builder, chain: Sequence[Link], at: int) -> bool:
    """Whether a dense layer after the relu at this place writes the relu's dx in place of its own, masked."""
    thinned = follows(chain, at, "dropout") and draws_alike(b.library)
    return follows(chain, at + thinned, "dense")


def _gate_before(b: Builder, chain: Sequence[Link], at: int) -> Gate | None:
    """The relu whose dx the dense layer at this place is to write."""
    dropout = chain[at - 1].layer if at and chain[at - 1].layer.name == "dropout" else None
    relu = at - 2 if dropout else at - 1
    if relu < 0 or chain[relu].layer.name != "relu" or not masks_relu(b, chain, relu):
        return None
    return Gate(chain[relu].slot.dx, chain[at - 1].slot.y, _kept(cast(Dropout, dropout)) if dropout else 1.0)


def backward_of_relu(b: Builder, slot: Slot) -> None:
    """dx = dy where y > 0."""
    if slot.dx is not None:
        b.backward("relu_backward", [int(np.prod(slot.y.shape[1:]))], [], [slot.x, slot.y, slot.dy, slot.dx])


def affine(b: Builder, x: Array, W: Array, bias: Array | None, y: Array, relu: Array | None = None) -> Lists:
    """y = x W + b. Returns where x's lists are, which the way back reads, too."""
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
    """dW, db and, where it is wanted, dx; with a gate before, the dx of its relu. lists: those of x."""
    n_in, units = W.shape
    wide = (8 if _spreads(b, units) else 2) * b.library.width
    packed = b.memory((-(-units // wide) * wide * b.rows,))  # dy in whole panels of columns
    b.backward("dense_weight_gradient", [n_in, units], [], [x, dy, dW, db, packed])
    dx, mask, scale = (gate.dx, gate.mask, gate.scale) if gate else (slot.dx, None, 1.0)
    if dx is not None:
        chunks, sums = chunked(b, units, n_in)
        given = [dy, W, dx, mask, sums, *_lists(b, units, n_in), *lists]
        b.backward("dense_input_gradient", [n_in, units, chunks], [scale], given)


def _spreads(b: Builder, columns: int) -> bool:
    """Whether a row of so many columns is wide enough for a sparse product (SPARSE_COLUMNS of dense.c)."""
    return columns >= 6 * b.library.width


def _lists(b: Builder, n: int, columns: int) -> Lists:
    """For rows of n numbers that meet a matrix of so many columns."""
    if not _spreads(b, columns):
        return Lists()
    return Lists(b.memory((b.rows, n), np.uint8), b.memory((b.rows, -(-n // _LISTED)), np.uint8))


def chunked(b: Builder, n: int, columns: int) -> tuple[int, Array | None]:
    """Into how many chunks a sum over n numbers is cut, and memory for the chunks' sums (dense.c says why)."""
    if n < _LONG or b.rows >= _MANY:
        return 1, None
    chunks = -(-n // _CHUNK)
    return chunks, b.memory((chunks, b.rows, columns))


def lower_maxout(b: Builder, chain: Sequence[Link], at: int) -> int:
    """z = x W + b, y = the largest piece."""
    layer, slot = cast(Maxout, chain[at].layer), chain[at].slot
    z, sizes = slot.tmp["z"], [layer.pieces, layer.units]
    lists = affine(b, slot.x, slot.p["W"], slot.p.get("b"), z)
    b.forward("maxout_forward", sizes, [], [z, slot.y])
    if b.train:
        b.backward("maxout_backward", sizes, [], [z, slot.y, slot.dy])
        gradients(b, slot, slot.x, slot.p["W"], z, slot.g["W"], slot.g.get("b"), lists)
    return 1


def lower_dropout(b: Builder, chain: Sequence[Link], at: int) -> int:
    """y = x factor, the factor drawn as NumPy draws it."""
    layer, slot = cast(Dropout, chain[at].layer), chain[at].slot
    size = int(np.prod(slot.y.shape[1:]))
    if not b.train:
        share = 1 - layer.drop if layer.mode == "vanilla" else 1.0
        b.forward("scale", [size], [share], [slot.x, slot.y])
        return 1
    if not draws_alike(b.library):
        return 0
    factor = slot.tmp["factor"]
    gated = at > 0 and chain[at - 1].layer.name == "relu" and masks_relu(b, chain, at - 1)
    multiplies = slot.dx is not None and not gated
    given = [b.generator(slot.rng), factor, slot.x, slot.y]
    b.forward("dropout_forward", [size, int(multiplies)], [layer.drop, _kept(layer)], given)
    if multiplies:
        b.backward("multiply", [size], [], [slot.dy, factor, slot.dx])
    return 1


def _kept(layer: Dropout) -> float:
    """What a number that is kept is multiplied by."""
    return 1 / (1 - layer.drop) if layer.mode == "inverted" else 1.0


def lower_drop_connect(b: Builder, chain: Sequence[Link], at: int) -> int:
    """y = x (W factor) + b, one factor for the whole batch."""
    layer, slot = cast(DropConnect, chain[at].layer), chain[at].slot
    W, bias = slot.p["W"], slot.p.get("b")
    if not b.train:
        affine(b, slot.x, W, bias, slot.y)
        return 1
    if not draws_alike(b.library):
        return 0
    factor, thinned = slot.tmp["factor"], slot.tmp["thinned"]
    numbers = [layer.drop, 1 / (1 - layer.drop)]
    b.forward("drop_connect_forward", [W.size], numbers, [b.generator(slot.rng), factor, W, thinned])
    lists = affine(b, slot.x, thinned, bias, slot.y)
    gradients(b, slot, slot.x, thinned, slot.dy, slot.g["W"], slot.g.get("b"), lists)
    b.backward("multiply_weights", [W.size], [], [slot.g["W"], factor, slot.g["W"]])
    return 1
