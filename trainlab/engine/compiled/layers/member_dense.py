"""MemberDense's kernel: y = x W + b in each of several networks that lie side by side."""

from collections.abc import Sequence
from typing import cast

from trainlab.engine.compiled.builder import Builder, Link
from trainlab.nn.layers.member_dense import MemberDense


def lower(b: Builder, chain: Sequence[Link], at: int) -> int:
    """Take one layer."""
    layer, slot = cast(MemberDense, chain[at].layer), chain[at].slot
    own, bias, n_in = slot.p["W"], slot.p.get("b"), len(slot.p["W"])
    W, rate = (b.memory(own.shape) if layer.ntk else own), n_in**-0.5  # as for dense: W divided once a step
    if layer.ntk:
        b.forward("scale_weights", [own.size], [rate], [own, W])
    sizes = [n_in, slot.y.shape[1] // layer.members, layer.members]
    b.forward("member_dense_forward", sizes, [], [slot.x, W, bias, slot.y])
    if b.train:
        g = slot.g["W"]
        b.backward("member_dense_backward", sizes, [], [slot.x, W, slot.dy, slot.dx, g, slot.g.get("b")])
        if layer.ntk:
            b.backward("scale_weights", [g.size], [rate], [g, g])
    return 1
