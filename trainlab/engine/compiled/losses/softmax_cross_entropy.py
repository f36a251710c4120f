"""SoftmaxCrossEntropy's kernel."""

from trainlab.core.types import Array
from trainlab.engine.compiled.builder import Builder, Op
from trainlab.engine.compiled.losses._targets import is_classes, is_numbers
from trainlab.nn.losses.softmax_cross_entropy import SoftmaxCrossEntropy


def lower(b: Builder, loss: SoftmaxCrossEntropy, y: Array, t: Array, dy: Array | None) -> Op | None:
    """For class indices, and for a probability per class; class weights must be given as a list."""
    weights = loss.class_weights
    if not is_classes(t) and not is_numbers(t):
        return None
    if weights is not None and not isinstance(weights, list):
        return None
    kept = None
    if weights is not None:
        kept = b.memory((y.shape[1],))
        kept[...] = weights
    probabilities = b.memory((b.rows, y.shape[1]))
    sizes = [y.shape[1], int(is_numbers(t))]
    return Op("softmax_cross_entropy", sizes, [loss.label_smoothing], [y, t, dy, kept, probabilities])
