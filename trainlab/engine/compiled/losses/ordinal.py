"""Ordinal's kernel."""

from trainlab.core.types import Array
from trainlab.engine.compiled.builder import Builder, Op
from trainlab.engine.compiled.losses._targets import class_weights, is_classes
from trainlab.nn.losses.ordinal import Ordinal


def lower(b: Builder, loss: Ordinal, y: Array, t: Array, dy: Array | None, w: Array | None) -> Op | None:
    """For targets that are level indices."""
    if not is_classes(t):
        return None
    return Op("ordinal", [y.shape[1]], [], [y, t, dy, w, class_weights(b, loss.weights)])
