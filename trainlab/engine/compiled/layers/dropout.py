"""Dropout's kernel: y = x factor, the factor drawn as NumPy draws it."""

from collections.abc import Sequence
from typing import cast

from trainlab.engine.compiled.builder import Builder, Link
from trainlab.engine.compiled.generator import draws_alike
from trainlab.engine.compiled.layers._dense import masks_relu
from trainlab.engine.compiled.layers._dropout import kept_factor
from trainlab.nn.layers.dropout import Dropout


def lower(b: Builder, chain: Sequence[Link], at: int) -> int:
    """Take one layer; none in training if the kernel would not draw NumPy's numbers."""
    layer, slot = cast(Dropout, chain[at].layer), chain[at].slot
    size = slot.y[0].size
    if not b.train:
        b.forward("scale", [size], [1 - layer.drop if layer.mode == "vanilla" else 1.0], [slot.x, slot.y])
        return 1
    if not draws_alike(b.library):
        return 0
    factor = slot.tmp["factor"]
    gated = at > 0 and chain[at - 1].layer.name == "relu" and masks_relu(b, chain, at - 1)
    multiplies = slot.dx is not None and not gated
    pointers = [b.generator(slot.rng), factor, slot.x, slot.y]
    b.forward("dropout_forward", [size, int(multiplies)], [layer.drop, kept_factor(layer)], pointers)
    if multiplies:
        b.backward("multiply", [size], [], [slot.dy, factor, slot.dx])
    return 1
