"""DropConnect's kernel: y = x (W factor) + b, one factor for the whole batch, drawn as NumPy draws it."""

from collections.abc import Sequence
from typing import cast

from trainlab.engine.compiled.builder import Builder, Link
from trainlab.engine.compiled.generator import draws_alike
from trainlab.engine.compiled.layers._dense import affine, gradients
from trainlab.nn.layers.drop_connect import DropConnect


def lower(b: Builder, chain: Sequence[Link], at: int) -> int:
    """Take one layer; none with `ntk`, or in training if the kernel would not draw NumPy's numbers."""
    layer, slot = cast(DropConnect, chain[at].layer), chain[at].slot
    W, bias = slot.p["W"], slot.p.get("b")
    if not b.train and not layer.ntk:
        affine(b, slot.x, W, bias, slot.y)
        return 1
    if layer.ntk or not draws_alike(b.library):
        return 0
    factor, thinned = slot.tmp["factor"], slot.tmp["thinned"]
    settings = [layer.drop, 1 / (1 - layer.drop)]
    b.forward("drop_connect_forward", [W.size], settings, [b.generator(slot.rng), factor, W, thinned])
    lists = affine(b, slot.x, thinned, bias, slot.y)
    gradients(b, slot, slot.x, thinned, slot.dy, slot.g["W"], slot.g.get("b"), lists)
    b.backward("multiply_weights", [W.size], [], [slot.g["W"], factor, slot.g["W"]])
    return 1
