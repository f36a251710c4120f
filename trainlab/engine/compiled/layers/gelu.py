"""GELU's kernel."""

from collections.abc import Sequence
from typing import cast

from trainlab.engine.compiled.builder import Builder, Link
from trainlab.engine.compiled.layers._activation import lower_activation
from trainlab.nn.activations.gelu import GELU


def lower(b: Builder, chain: Sequence[Link], at: int) -> int:
    """y = x Phi(x), or the approximation by tanh."""
    layer = cast(GELU, chain[at].layer)
    return lower_activation(b, chain[at], "gelu" if layer.approximate == "none" else "gelu_tanh")
