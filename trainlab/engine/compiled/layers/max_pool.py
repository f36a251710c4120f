"""MaxPool's kernel."""

from collections.abc import Sequence
from typing import cast

from trainlab.engine.compiled.builder import Builder, Link
from trainlab.engine.compiled.layers._pooling import pool_sizes, pool_windows
from trainlab.nn.layers.max_pool import MaxPool


def lower(b: Builder, chain: Sequence[Link], at: int) -> int:
    """y = the largest number of each window."""
    s = chain[at].slot
    sizes = pool_sizes(s, pool_windows(cast(MaxPool, chain[at].layer), s))
    b.forward("max_pool_forward", sizes, p=[s.x, s.y])
    if b.train and s.dx is not None:
        b.backward("max_pool_backward", sizes, p=[s.x, s.y, s.dy, s.dx])
    return 1
