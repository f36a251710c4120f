"""GlobalAvgPool's kernel."""

from collections.abc import Sequence

from trainlab.engine.compiled.builder import Builder, Link
from trainlab.engine.compiled.layers._pooling import lower_average


def lower(b: Builder, chain: Sequence[Link], at: int) -> int:
    """y = the mean of one window: the whole image."""
    s = chain[at].slot
    height, width, channels = s.x.shape[1:]
    return lower_average(b, s, [height, width, channels, 1, 1, height, width, height, width, 0, 0])
