"""PReLU's kernel: slopes that are learned, one per channel or one for all."""

from collections.abc import Sequence
from typing import cast

from trainlab.engine.compiled.builder import Builder, Link
from trainlab.nn.activations.prelu import PReLU


def lower(b: Builder, chain: Sequence[Link], at: int) -> int:
    """Take one layer."""
    layer, slot = cast(PReLU, chain[at].layer), chain[at].slot
    channels = slot.y.shape[-1] if slot.y.ndim > 1 else 1
    places = slot.y[0].size // channels
    sizes, slope = [places, channels, int(layer.shared)], slot.p["slope"]
    b.forward("prelu_forward", sizes, [], [slot.x, slope, slot.y])
    if b.train:
        sums = b.memory((16 * channels,))
        b.backward("prelu_backward", sizes, [], [slot.x, slope, slot.dy, slot.dx, slot.g["slope"], sums])
    return 1
