"""Exponential's kernel."""

from collections.abc import Sequence

from trainlab.engine.compiled.builder import Builder, Link
from trainlab.engine.compiled.layers._activation import lower_activation


def lower(b: Builder, chain: Sequence[Link], at: int) -> int:
    """y = exp(min(x, 80))."""
    return lower_activation(b, chain[at], "exponential")
