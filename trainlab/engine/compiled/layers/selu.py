"""SELU's kernel."""

from collections.abc import Sequence

from trainlab.engine.compiled.builder import Builder, Link
from trainlab.engine.compiled.layers._activation import lower_activation
from trainlab.nn.activations.selu import ALPHA, SCALE


def lower(b: Builder, chain: Sequence[Link], at: int) -> int:
    """y = scale x where x > 0, else scale alpha (exp(x) - 1)."""
    return lower_activation(b, chain[at], "elu", [ALPHA, SCALE])
