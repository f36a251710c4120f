"""SELU's kernel."""

from collections.abc import Sequence

from trainlab.engine.compiled.builder import Builder, Link
from trainlab.engine.compiled.layers._activation import lower_activation

ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805  # Klambauer et al. 2017, arXiv:1706.02515, appendix A1


def lower(b: Builder, chain: Sequence[Link], at: int) -> int:
    """y = scale x where x > 0, else scale alpha (exp(x) - 1)."""
    return lower_activation(b, chain[at], "elu", [ALPHA, SCALE])
