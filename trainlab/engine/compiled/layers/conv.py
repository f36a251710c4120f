"""Conv's kernels, together with the layers that follow: `conv [batch_norm] [relu] [max_pool]` is one group."""

from collections.abc import Sequence

from trainlab.core.types import Array
from trainlab.engine.compiled.builder import Builder, Link
from trainlab.engine.compiled.layers._matching import follows
from trainlab.engine.compiled.layers._pooling import lower_pooled, pools
from trainlab.engine.compiled.layers.batch_norm import lower_batch_norm
from trainlab.nn.layer import Slot
from trainlab.nn.layers._windows import Windows, windows_over
from trainlab.nn.layers.conv import Conv

PANEL = 32  # columns of a packed panel, at most (two vectors of AVX-512)
CHUNKS = 8  # of a batch, each with its own sum of dW: the same bits on any number of threads
FEWEST, USUAL, MOST = 16, 32, 256  # channels for which Winograd's algorithm is faster: on both sides, on one, on any
SUMS = 1 << 22  # numbers in all these sums, at most


def lower(b: Builder, chain: Sequence[Link], at: int) -> int:
    """Take the layer, then batch norm, relu and pooling in as few passes as possible."""
    layer, s = chain[at].layer, chain[at].slot
    if not isinstance(layer, Conv):
        return 0
    w = windows_over(s.x.shape[1:], layer.size, layer.stride, layer.pad)
    sizes = [*s.x.shape[1:], *s.y.shape[1:], *w.size, layer.stride, w.vertical[0], w.horizontal[0]]
    kernels = "winograd" if _suits_winograd(s, w) else "conv"
    packed = b.memory((_packed(s, w, kernels),))
    normed = follows(chain, at, "batch_norm") and chain[at + 1].slot.train == b.train
    fires = follows(chain, at, "relu") and not pools(chain, at + 2)
    moments = b.memory((2 * b.rows * s.y.shape[-1],)) if normed and b.train else None
    fired = chain[at + 1].slot if fires else None
    y = s.y if b.train or fired is None else None  # in evaluation only the relu's output is needed
    b.forward(f"{kernels}_forward", sizes, p=[s.x, s.p["W"], s.p.get("b"), y, packed, moments, fired and fired.y])
    taken = 1
    if normed:
        taken += lower_batch_norm(b, chain, at + 1, moments)
    elif fired is not None:
        if b.train:
            b.backward("relu_backward", [s.y[0].size], p=[fired.x, fired.y, fired.dy, s.dy])
        taken += 1
    elif follows(chain, at, "relu"):
        taken += lower_pooled(b, chain, at + 1)
    if b.train:
        _backward(b, s, sizes, packed, kernels)
    return taken


def _suits_winograd(s: Slot, w: Windows) -> bool:
    """Whether the filters are 3 x 3 with stride 1, and there are enough channels to pay for the transforms."""
    (height, width), channels = w.out, (s.x.shape[-1], s.y.shape[-1])
    plain = w.size == (3, 3) and w.stride == (1, 1) and max(*w.vertical, *w.horizontal) <= 2
    return plain and min(height, width) >= 4 and min(channels) >= FEWEST and USUAL <= max(channels) <= MOST


def _backward(b: Builder, s: Slot, sizes: Sequence[int], packed: Array, kernels: str) -> None:
    channels, filters = s.x.shape[-1], s.y.shape[-1]
    weights = (16 * channels + 1) * filters if kernels == "winograd" else s.g["W"].size + filters
    chunks = max(1, min(CHUNKS, b.rows, SUMS // weights))
    partial = b.memory((chunks * weights,))
    b.backward(f"{kernels}_dw", [*sizes, chunks], p=[s.x, s.dy, s.g["W"], s.g.get("b"), partial])
    if s.dx is not None:
        b.backward(f"{kernels}_dx", sizes, p=[s.p["W"], s.dy, s.dx, packed])


def _packed(s: Slot, w: Windows, kernels: str) -> int:
    """How many numbers W takes in packed panels of its filters or, for dx, of its channels.

    Panels of few columns may hold several neighbouring pixels, with up to twice the taps (conv.h); a vector may reach
    beyond the last one.
    """
    area, channels, filters = w.size[0] * w.size[1], s.x.shape[-1], s.y.shape[-1]
    forward = channels * _panels(filters)
    backward = filters * _panels(channels) if s.dx is not None else 0
    return (16 if kernels == "winograd" else area) * PANEL * max(forward, backward) + PANEL


def _panels(columns: int) -> int:
    return 2 if columns <= PANEL // 2 else -(-columns // PANEL)
