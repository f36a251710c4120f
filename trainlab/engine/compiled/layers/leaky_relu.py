"""LeakyReLU's kernel."""

from collections.abc import Sequence
from typing import cast

from trainlab.engine.compiled.builder import Builder, Link
from trainlab.engine.compiled.layers._activation import lower_activation
from trainlab.nn.activations.leaky_relu import LeakyReLU


def lower(b: Builder, chain: Sequence[Link], at: int) -> int:
    """y = x where x > 0, else slope x."""
    layer = cast(LeakyReLU, chain[at].layer)
    return lower_activation(b, chain[at], "leaky_relu", [layer.slope])
