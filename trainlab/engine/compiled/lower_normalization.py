"""Normalization as ops; a `relu` after a batch norm, and a max pool after that, are done in its pass."""

from collections.abc import Sequence

from trainlab.core.types import Array
from trainlab.engine.compiled.builder import Builder, Link
from trainlab.engine.compiled.lower_dense import masks_relu
from trainlab.engine.compiled.lower_pooling import lower_pooled, pools
from trainlab.engine.compiled.matching import follows
from trainlab.engine.compiled.norm import Norm
from trainlab.nn.layers.batch_norm import BatchNorm
from trainlab.nn.layers.group_norm import GroupNorm
from trainlab.nn.layers.instance_norm import InstanceNorm
from trainlab.nn.layers.layer_norm import LayerNorm

CHUNKS = 8  # of a batch, each with its own sums of dscale and dshift


def lower_batch_norm(b: Builder, chain: Sequence[Link], at: int, moments: Array | None = None) -> int:
    """y = scale xhat + shift. moments: where a convolution before it makes them; plain rows need none."""
    layer, s = chain[at].layer, chain[at].slot
    if not isinstance(layer, BatchNorm):
        return 0
    norm = Norm.of(b, layer, s, moments)
    channels, places, _ = norm.sizes
    fires = follows(chain, at, "relu")
    if places > 1:
        if b.train and moments is None:
            b.forward("batch_norm_moments", norm.sizes, p=[s.x, norm.moments])
        b.forward("batch_norm_finish", norm.sizes, norm.numbers, norm.settled)
        if fires and pools(chain, at + 2):
            return 1 + lower_pooled(b, chain, at + 1, norm)
    last = chain[at + 1].slot if fires else s
    y = s.y if b.train or not fires else None  # nobody looks at it in evaluation
    name = "batch_norm_apply" if places > 1 else "batch_norm_columns"
    b.forward(name, norm.sizes, norm.numbers, [*norm.settled, s.x, y, last.y if fires else None])
    if b.train:
        name = "batch_norm_backward" if places > 1 else "batch_norm_columns_backward"
        masked = fires and masks_relu(b, chain, at + 1)  # then dy is relu's dx already
        dy, fired = (s.dy, None) if masked or not fires else (last.dy, last.y)
        b.backward(name, [channels, places], p=[*norm.back(dy, fired), s.dx])
    return 2 if fires else 1


def lower_row_norm(b: Builder, chain: Sequence[Link], at: int) -> int:
    """Layer, group and instance norm: groups of each row's channels, by itself."""
    layer, s = chain[at].layer, chain[at].slot
    if not isinstance(layer, LayerNorm | GroupNorm | InstanceNorm):
        return 0
    channels = s.x.shape[-1]
    groups = 1
    if isinstance(layer, GroupNorm):
        groups = layer.groups
    elif isinstance(layer, InstanceNorm):
        groups = channels
    scale, shift = s.p["scale"], s.p["shift"]
    sizes = [s.x[0].size // channels, channels, groups, int(scale.size > channels or scale.ndim > 1)]
    mean, inv = b.memory((b.rows * groups,)), b.memory((b.rows * groups,))
    b.forward("row_norm_forward", sizes, [layer.eps], [s.x, scale, shift, s.y, mean, inv])
    if b.train:
        partial = b.memory((min(CHUNKS, b.rows) * 2 * scale.size,))
        given = [s.x, s.dy, scale, mean, inv, s.g["scale"], s.g["shift"], partial, s.dx]
        b.backward("row_norm_backward", sizes, p=given)
    return 1
