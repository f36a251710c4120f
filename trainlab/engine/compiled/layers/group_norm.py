"""GroupNorm's kernel."""

from collections.abc import Sequence
from typing import cast

from trainlab.engine.compiled.builder import Builder, Link
from trainlab.engine.compiled.layers._row_norm import lower_row_norm
from trainlab.nn.layers.group_norm import GroupNorm


def lower(b: Builder, chain: Sequence[Link], at: int) -> int:
    """The number of groups is a setting of the layer."""
    layer, s = cast(GroupNorm, chain[at].layer), chain[at].slot
    return lower_row_norm(b, s, layer.groups, layer.eps)
