"""The kernel of piecewise_linear: numbers encoded by the edges of their bins, batch by batch."""

from collections.abc import Sequence
from typing import cast

import numpy as np

from trainlab.engine.compiled.builder import Builder, Link
from trainlab.engine.compiled.layers._columns import indices
from trainlab.nn.layers.piecewise_linear import PiecewiseLinear


def lower(b: Builder, chain: Sequence[Link], at: int) -> int:
    """Take one layer."""
    layer, slot = cast(PiecewiseLinear, chain[at].layer), chain[at].slot
    sizes, places = indices(b, layer, slot.x.shape[1:])
    rate = b.memory((sizes[1], layer.bins), np.float32)
    pointers = [slot.x, slot.p["edges"], rate, *places]
    b.forward("piecewise_linear_forward", [*sizes, layer.bins], [], [*pointers, slot.y])
    if b.train and slot.dx is not None:
        b.backward("piecewise_linear_backward", [*sizes, layer.bins], [], [*pointers, slot.dy, slot.dx])
    return 1
