"""Pooling; `[batch_norm] relu max_pool` over windows that tile the image is one pass forward and one backward."""

from collections.abc import Sequence

from trainlab.engine.compiled.builder import Builder, Link
from trainlab.engine.compiled.layers._norm import Norm
from trainlab.nn.layer import Slot
from trainlab.nn.layers._windows import Windows, tiled, windows_over
from trainlab.nn.layers.avg_pool import AvgPool
from trainlab.nn.layers.max_pool import MaxPool


def pool_windows(layer: AvgPool | MaxPool, s: Slot) -> Windows:
    """The windows of a pooling layer over its input."""
    return windows_over(s.x.shape[1:], layer.size, layer.stride or layer.size, layer.pad)


def pool_sizes(s: Slot, w: Windows) -> list[int]:
    """The sizes of a pooling op: H W C Ho Wo kh kw step_y step_x top left."""
    return [*s.x.shape[1:], *w.out, *w.size, *w.stride, w.vertical[0], w.horizontal[0]]


def lower_average(b: Builder, s: Slot, sizes: Sequence[int]) -> int:
    """The mean of each window's pixels; takes one layer."""
    b.forward("avg_pool_forward", sizes, p=[s.x, s.y])
    if b.train and s.dx is not None:
        b.backward("avg_pool_backward", sizes, p=[s.dy, s.dx])
    return 1


def pools(chain: Sequence[Link], at: int) -> bool:
    """Whether the layer at `at` is a max pool that `lower_pooled` can take: its windows tile the image."""
    if at >= len(chain):
        return False
    layer, s = chain[at].layer, chain[at].slot
    return isinstance(layer, MaxPool) and _tiles(pool_windows(layer, s))


def _tiles(w: Windows) -> bool:
    return tiled(w) and not w.padded


def lower_pooled(b: Builder, chain: Sequence[Link], at: int, norm: Norm | None = None) -> int:
    """Take the relu at `at` and the max pool after it; with `norm`, the batch norm before them too."""
    layer, pool, fired = chain[at + 1].layer, chain[at + 1].slot, chain[at].slot
    if not isinstance(layer, MaxPool):
        raise TypeError(f"{layer.name} is no max pool")
    first = norm.slot if norm else fired
    sizes = pool_sizes(pool, pool_windows(layer, pool))
    winners = b.memory(pool.y.shape) if norm and b.train else None
    pointers = [norm.mean, norm.factor, norm.slot.p["shift"]] if norm else [None] * 3
    outputs = [norm.slot.y if norm else None, fired.y] if b.train else [None, None]
    b.forward("pooled_forward", sizes, p=[first.x, pool.y, *pointers, winners, *outputs])
    if b.train and norm:
        b.backward("pooled_sums", sizes, p=[pool.y, pool.dy, winners, norm.mean, norm.moments])
        b.backward("batch_norm_finish_backward", norm.sizes, p=norm.backward_pointers(None, None))
    if b.train and first.dx is not None:
        pointers = [norm.mean, norm.factor, norm.even, norm.tilt, winners] if norm else [None] * 5
        b.backward("pooled_backward", sizes, p=[first.x, pool.y, pool.dy, first.dx, *pointers])
    return 2
