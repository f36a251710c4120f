"""Layers of rows as ops: dense, maxout, drop_connect, dropout."""

from collections.abc import Sequence
from typing import cast

import numpy as np

from trainlab.core.types import Array
from trainlab.engine.plan.builder import Builder, Link
from trainlab.engine.plan.generator import draws_alike
from trainlab.nn.layer import Slot
from trainlab.nn.layers.dense import Dense
from trainlab.nn.layers.drop_connect import DropConnect
from trainlab.nn.layers.dropout import Dropout
from trainlab.nn.layers.maxout import Maxout

_LONG, _CHUNK = 1280, 320  # numbers of a sum that is cut, and of a piece of it
_MANY = 2048  # rows that make tiles enough uncut


def lower_dense(b: Builder, chain: Sequence[Link], at: int) -> int:
    """y = x W + b, and with a relu that follows, max(0, y) in the same pass."""
    layer, slot = cast(Dense, chain[at].layer), chain[at].slot
    relu = chain[at + 1].slot if at + 1 < len(chain) and chain[at + 1].layer.name == "relu" else None
    bias = slot.p["b"] if layer.bias else None
    affine(b, slot.x, slot.p["W"], bias, slot.y, relu.y if relu else None)
    if b.train:
        if relu is not None and not masks_relu(chain, at + 1):
            backward_of_relu(b, relu)
        gradients(b, slot, slot.x, slot.p["W"], slot.dy, slot.g["W"], slot.g.get("b"), relu_before(chain, at))
    return 2 if relu is not None else 1


def masks_relu(chain: Sequence[Link], at: int) -> bool:
    """Whether the layer after the relu at this place writes the relu's dx itself, masked: its own dx, in one pass."""
    return at + 1 < len(chain) and chain[at + 1].layer.name == "dense"


def relu_before(chain: Sequence[Link], at: int) -> Slot | None:
    """The slot of the relu before this layer, whose dx this layer is to write."""
    return chain[at - 1].slot if at and chain[at - 1].layer.name == "relu" else None


def backward_of_relu(b: Builder, slot: Slot) -> None:
    """dx = dy where y > 0."""
    if slot.dx is not None:
        b.backward("relu_backward", [int(np.prod(slot.y.shape[1:]))], [], [slot.x, slot.y, slot.dy, slot.dx])


def affine(b: Builder, x: Array, W: Array, bias: Array | None, y: Array, relu: Array | None = None) -> None:
    """y = x W + b."""
    n_in, units = W.shape
    chunks, sums = chunked(b, n_in, units)
    b.forward("dense_forward", [n_in, units, chunks], [], [x, W, bias, y, relu, sums])


def gradients(
    b: Builder, slot: Slot, x: Array, W: Array, dy: Array, dW: Array, db: Array | None, relu: Slot | None = None
) -> None:
    """dW, db and, where it is wanted, dx; with a relu before, that one's dx."""
    n_in, units = W.shape
    wide = 2 * b.library.width
    packed = b.memory((-(-units // wide) * wide * b.rows,))  # dy in whole panels of columns
    b.backward("dense_weight_gradient", [n_in, units], [], [x, dy, dW, db, packed])
    dx, mask = slot.dx, None
    if relu is not None:
        dx, mask = relu.dx, relu.y
    if dx is not None:
        chunks, sums = chunked(b, units, n_in)
        b.backward("dense_input_gradient", [n_in, units, chunks], [], [dy, W, dx, mask, sums])


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
    affine(b, slot.x, slot.p["W"], slot.p.get("b"), z)
    b.forward("maxout_forward", sizes, [], [z, slot.y])
    if b.train:
        b.backward("maxout_backward", sizes, [], [z, slot.y, slot.dy])
        gradients(b, slot, slot.x, slot.p["W"], z, slot.g["W"], slot.g.get("b"))
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
    keep = 1 / (1 - layer.drop) if layer.mode == "inverted" else 1.0
    factor = slot.tmp["factor"]
    b.forward("dropout_forward", [size], [layer.drop, keep], [b.generator(slot.rng), factor, slot.x, slot.y])
    if slot.dx is not None:
        b.backward("multiply", [size], [], [slot.dy, factor, slot.dx])
    return 1


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
    affine(b, slot.x, thinned, bias, slot.y)
    gradients(b, slot, slot.x, thinned, slot.dy, slot.g["W"], slot.g.get("b"))
    b.backward("multiply_weights", [W.size], [], [slot.g["W"], factor, slot.g["W"]])
    return 1
