"""clip_output's kernel: a copy in training; NumPy clips in evaluation."""

from collections.abc import Sequence

from trainlab.engine.compiled.builder import Builder, Link


def lower(b: Builder, chain: Sequence[Link], at: int) -> int:
    """Take one layer in training, none in evaluation."""
    slot = chain[at].slot
    if not b.train:
        return 0
    size = slot.y[0].size
    b.forward("scale", [size], [1.0], [slot.x, slot.y])
    if slot.dx is not None:
        b.backward("scale", [size], [1.0], [slot.dy, slot.dx])
    return 1
