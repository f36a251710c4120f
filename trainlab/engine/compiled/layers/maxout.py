"""Maxout's kernel: z = x W + b, y = the largest piece."""

from collections.abc import Sequence
from typing import cast

from trainlab.engine.compiled.builder import Builder, Link
from trainlab.engine.compiled.layers._dense import affine, gradients
from trainlab.nn.layers.maxout import Maxout


def lower(b: Builder, chain: Sequence[Link], at: int) -> int:
    """Take one layer."""
    layer, slot = cast(Maxout, chain[at].layer), chain[at].slot
    z, sizes = slot.tmp["z"], [layer.pieces, layer.units]
    lists = affine(b, slot.x, slot.p["W"], slot.p.get("b"), z)
    b.forward("maxout_forward", sizes, [], [z, slot.y])
    if b.train:
        b.backward("maxout_backward", sizes, [], [z, slot.y, slot.dy])
        gradients(b, slot, slot.x, slot.p["W"], z, slot.g["W"], slot.g.get("b"), lists)
    return 1
