"""AvgPool's kernel."""

from collections.abc import Sequence
from typing import cast

from trainlab.engine.compiled.builder import Builder, Link
from trainlab.engine.compiled.layers._pooling import lower_average, pool_sizes, pool_windows
from trainlab.nn.layers.avg_pool import AvgPool


def lower(b: Builder, chain: Sequence[Link], at: int) -> int:
    """y = the mean of each window's pixels."""
    s = chain[at].slot
    return lower_average(b, s, pool_sizes(s, pool_windows(cast(AvgPool, chain[at].layer), s)))
