"""Hard sigmoid's kernel."""

from collections.abc import Sequence

from trainlab.engine.compiled.builder import Builder, Link
from trainlab.engine.compiled.layers._activation import lower_activation


def lower(b: Builder, chain: Sequence[Link], at: int) -> int:
    """y = min(max(x / 6 + 1/2, 0), 1)."""
    return lower_activation(b, chain[at], "hard_sigmoid")
