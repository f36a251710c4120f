"""Hinge's kernel."""

from trainlab.core.types import Array
from trainlab.engine.compiled.builder import Builder, Op
from trainlab.engine.compiled.losses._targets import class_weights, is_classes
from trainlab.nn.losses.hinge import Hinge


def lower(b: Builder, loss: Hinge, y: Array, t: Array, dy: Array | None, w: Array | None) -> Op | None:
    """For targets that are class indices."""
    if not is_classes(t):
        return None
    return Op("hinge", [y.shape[1]], [loss.margin], [y, t, dy, w, class_weights(b, loss.weights)])
