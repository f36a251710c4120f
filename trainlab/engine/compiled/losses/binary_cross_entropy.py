"""BinaryCrossEntropy's kernel."""

from trainlab.core.types import Array
from trainlab.engine.compiled.builder import Builder, Op
from trainlab.engine.compiled.losses._targets import is_numbers
from trainlab.nn.losses.binary_cross_entropy import BinaryCrossEntropy


def lower(b: Builder, loss: BinaryCrossEntropy, y: Array, t: Array, dy: Array | None, w: Array | None) -> Op | None:
    """For targets that are numbers."""
    if not is_numbers(t):
        return None
    pairs, kept = loss.pairs(y.shape[1]), None
    if pairs is not None:
        kept = b.memory(pairs.shape)
        kept[...] = pairs
    return Op("binary_cross_entropy", [y.shape[1]], [], [y, t, dy, w, kept])
