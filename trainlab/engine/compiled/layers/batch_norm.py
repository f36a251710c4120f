"""Batch norm's kernels; a relu after it, and a max pool after that, are done in its pass."""

from collections.abc import Sequence

from trainlab.core.types import Array
from trainlab.engine.compiled.builder import Builder, Link
from trainlab.engine.compiled.layers._dense import masks_relu
from trainlab.engine.compiled.layers._matching import follows
from trainlab.engine.compiled.layers._norm import Norm
from trainlab.engine.compiled.layers._pooling import lower_pooled, pools
from trainlab.nn.layers.batch_norm import BatchNorm


def lower(b: Builder, chain: Sequence[Link], at: int) -> int:
    """Take the layer, a relu that follows it, and a max pool that follows the relu."""
    return lower_batch_norm(b, chain, at)


def lower_batch_norm(b: Builder, chain: Sequence[Link], at: int, moments: Array | None = None) -> int:
    """y = scale xhat + shift; how many layers were taken. moments: memory that a convolution before it has filled."""
    layer, s = chain[at].layer, chain[at].slot
    if not isinstance(layer, BatchNorm) or s.train != b.train:  # frozen: the kernel of training knows batches only
        return 0
    norm = Norm.of(b, layer, s, moments)
    channels, places, _ = norm.sizes
    fires = follows(chain, at, "relu")
    if places > 1:
        if b.train and moments is None:
            b.forward("batch_norm_moments", norm.sizes, p=[s.x, norm.moments])
        b.forward("batch_norm_finish", norm.sizes, norm.numbers, norm.forward_pointers)
        if fires and pools(chain, at + 2):
            return 1 + lower_pooled(b, chain, at + 1, norm)
    last = chain[at + 1].slot if fires else s
    y = s.y if b.train or not fires else None  # in evaluation only the relu's output is needed
    name = "batch_norm_apply" if places > 1 else "batch_norm_columns"
    b.forward(name, norm.sizes, norm.numbers, [*norm.forward_pointers, s.x, y, last.y if fires else None])
    if b.train:
        name = "batch_norm_backward" if places > 1 else "batch_norm_columns_backward"
        masked = fires and masks_relu(b, chain, at + 1)  # then dy already is the relu's dx
        dy, fired = (s.dy, None) if masked or not fires else (last.dy, last.y)
        b.backward(name, [channels, places], p=[*norm.backward_pointers(dy, fired), s.dx])
    return 2 if fires else 1
