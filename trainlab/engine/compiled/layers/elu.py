"""ELU's kernel."""

from collections.abc import Sequence
from typing import cast

from trainlab.engine.compiled.builder import Builder, Link
from trainlab.engine.compiled.layers._activation import lower_activation
from trainlab.nn.activations.elu import ELU


def lower(b: Builder, chain: Sequence[Link], at: int) -> int:
    """y = x where x > 0, else alpha (exp(x) - 1)."""
    layer = cast(ELU, chain[at].layer)
    return lower_activation(b, chain[at], "elu", [layer.alpha, 1.0])
