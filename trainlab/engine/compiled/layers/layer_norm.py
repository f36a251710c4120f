"""LayerNorm's kernel."""

from collections.abc import Sequence
from typing import cast

from trainlab.engine.compiled.builder import Builder, Link
from trainlab.engine.compiled.layers._row_norm import lower_row_norm
from trainlab.nn.layers.layer_norm import LayerNorm


def lower(b: Builder, chain: Sequence[Link], at: int) -> int:
    """All channels of a row are one group."""
    layer, s = cast(LayerNorm, chain[at].layer), chain[at].slot
    return lower_row_norm(b, s, 1, layer.eps)
