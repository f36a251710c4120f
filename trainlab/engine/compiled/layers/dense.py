"""Dense's kernel: y = x W + b, and with a relu that follows, max(0, y) in the same pass."""

from collections.abc import Sequence
from typing import cast

from trainlab.engine.compiled.builder import Builder, Link
from trainlab.engine.compiled.layers._dense import affine, backward_of_relu, gate_before, gradients, masks_relu
from trainlab.engine.compiled.layers._matching import follows
from trainlab.nn.layers.dense import Dense


def lower(b: Builder, chain: Sequence[Link], at: int) -> int:
    """Take the layer, and the relu that follows it."""
    layer, slot = cast(Dense, chain[at].layer), chain[at].slot
    own, rate = slot.p["W"], slot.x.shape[1] ** -0.5
    W = b.memory(own.shape) if layer.ntk else own  # those by which the kernels multiply, divided once a step
    if layer.ntk:
        b.forward("scale_weights", [own.size], [rate], [own, W])
    relu = chain[at + 1].slot if follows(chain, at, "relu") else None
    lists = affine(b, slot.x, W, slot.p.get("b"), slot.y, relu.y if relu else None)
    if b.train:
        if relu is not None and not masks_relu(b, chain, at + 1):
            backward_of_relu(b, relu)
        gate = gate_before(b, chain, at)
        gradients(b, slot, slot.x, W, slot.dy, slot.g["W"], slot.g.get("b"), lists, gate)
        if layer.ntk:
            b.backward("scale_weights", [W.size], [rate], [slot.g["W"], slot.g["W"]])
    return 2 if relu is not None else 1
