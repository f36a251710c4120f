"""InstanceNorm's kernel."""

from collections.abc import Sequence
from typing import cast

from trainlab.engine.compiled.builder import Builder, Link
from trainlab.engine.compiled.layers._row_norm import lower_row_norm
from trainlab.nn.layers.instance_norm import InstanceNorm


def lower(b: Builder, chain: Sequence[Link], at: int) -> int:
    """Every channel is a group."""
    layer, s = cast(InstanceNorm, chain[at].layer), chain[at].slot
    return lower_row_norm(b, s, s.x.shape[-1], layer.eps)
