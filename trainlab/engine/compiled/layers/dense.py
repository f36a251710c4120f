"""Dense's kernel: y = x W + b, and with a relu that follows, max(0, y) in the same pass."""

from collections.abc import Sequence

from trainlab.engine.compiled.builder import Builder, Link
from trainlab.engine.compiled.layers._dense import affine, backward_of_relu, gate_before, gradients, masks_relu
from trainlab.engine.compiled.layers._matching import follows


def lower(b: Builder, chain: Sequence[Link], at: int) -> int:
    """Take the layer, and the relu that follows it."""
    slot = chain[at].slot
    relu = chain[at + 1].slot if follows(chain, at, "relu") else None
    lists = affine(b, slot.x, slot.p["W"], slot.p.get("b"), slot.y, relu.y if relu else None)
    if b.train:
        if relu is not None and not masks_relu(b, chain, at + 1):
            backward_of_relu(b, relu)
        gate = gate_before(b, chain, at)
        gradients(b, slot, slot.x, slot.p["W"], slot.dy, slot.g["W"], slot.g.get("b"), lists, gate)
    return 2 if relu is not None else 1
