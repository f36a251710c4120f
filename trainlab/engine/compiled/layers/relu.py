"""ReLU's kernel: y = max(0, x)."""

from collections.abc import Sequence

from trainlab.engine.compiled.builder import Builder, Link
from trainlab.engine.compiled.layers._dense import backward_of_relu, masks_relu


def lower(b: Builder, chain: Sequence[Link], at: int) -> int:
    """Take one layer; its backward pass is left to a dense layer that follows."""
    slot = chain[at].slot
    b.forward("relu_forward", [slot.y[0].size], [], [slot.x, slot.y])
    if b.train and not masks_relu(b, chain, at):
        backward_of_relu(b, slot)
    return 1
