"""The kernel of periodic: cosine waves of each column, mixed."""

from collections.abc import Sequence
from typing import cast

from trainlab.engine.compiled.builder import Builder, Link
from trainlab.engine.compiled.layers._columns import indices
from trainlab.nn.layers.periodic import Periodic


def lower(b: Builder, chain: Sequence[Link], at: int) -> int:
    """Take one layer."""
    layer, slot = cast(Periodic, chain[at].layer), chain[at].slot
    sizes, places = indices(b, layer, slot.x.shape[1:])
    sizes += [layer.outputs, layer.frequencies]
    pointers = [slot.x, *(slot.p[key] for key in ("frequency", "phase", "W", "b")), *places]
    b.forward("periodic_forward", sizes, [], [*pointers, slot.y])
    if b.train:
        gradients = [slot.g[key] for key in ("frequency", "phase", "W", "b")]
        b.backward("periodic_backward", sizes, [], [*pointers, slot.dy, slot.dx, *gradients])
    return 1
