"""Scale's kernel: a factor for each column."""

from collections.abc import Sequence

from trainlab.engine.compiled.builder import Builder, Link


def lower(b: Builder, chain: Sequence[Link], at: int) -> int:
    """Take one layer."""
    slot = chain[at].slot
    channels = slot.y.shape[-1]
    sizes, scale = [slot.y[0].size // channels, channels], slot.p["scale"]
    b.forward("scale_columns_forward", sizes, [], [slot.x, scale, slot.y])
    if b.train:
        sums = b.memory((16 * channels,))
        b.backward("scale_columns_backward", sizes, [], [slot.x, scale, slot.dy, slot.dx, slot.g["scale"], sums])
    return 1
