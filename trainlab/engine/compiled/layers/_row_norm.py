"""Layer, group and instance norm: groups of a row's channels, each row by itself."""

from trainlab.engine.compiled.builder import Builder
from trainlab.nn.layer import Slot

CHUNKS = 8  # of a batch, each with its own sums of dscale and dshift


def lower_row_norm(b: Builder, s: Slot, groups: int, eps: float) -> int:
    """Normalize so many groups of channels; takes one layer."""
    channels = s.x.shape[-1]
    scale, shift = s.p["scale"], s.p["shift"]
    sizes = [s.x[0].size // channels, channels, groups, int(scale.size > channels or scale.ndim > 1)]
    mean, inv = b.memory((b.rows * groups,)), b.memory((b.rows * groups,))
    b.forward("row_norm_forward", sizes, [eps], [s.x, scale, shift, s.y, mean, inv])
    if b.train:
        partial = b.memory((min(CHUNKS, b.rows) * 2 * scale.size,))
        pointers = [s.x, s.dy, scale, mean, inv, s.g["scale"], s.g["shift"], partial, s.dx]
        b.backward("row_norm_backward", sizes, p=pointers)
    return 1
