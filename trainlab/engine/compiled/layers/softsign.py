"""Softsign's kernel."""

from collections.abc import Sequence

from trainlab.engine.compiled.builder import Builder, Link
from trainlab.engine.compiled.layers._activation import lower_activation


def lower(b: Builder, chain: Sequence[Link], at: int) -> int:
    """y = x / (1 + |x|)."""
    return lower_activation(b, chain[at], "softsign")
