"""SoftmaxCrossEntropy's kernel."""

from trainlab.core.types import Array
from trainlab.engine.compiled.builder import Builder, Op
from trainlab.engine.compiled.losses._targets import class_weights, is_classes, is_numbers
from trainlab.nn.losses.softmax_cross_entropy import SoftmaxCrossEntropy


def lower(b: Builder, loss: SoftmaxCrossEntropy, y: Array, t: Array, dy: Array | None, w: Array | None) -> Op | None:
    """For class indices, and for a probability per class."""
    if not is_classes(t) and not is_numbers(t):
        return None
    probabilities = b.memory((b.rows, y.shape[1]))
    sizes = [y.shape[1], int(is_numbers(t))]
    pointers = [y, t, dy, w, class_weights(b, loss.weights), probabilities]
    return Op("softmax_cross_entropy", sizes, [loss.label_smoothing], pointers)
