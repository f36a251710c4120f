"""MSE's kernel."""

from trainlab.core.types import Array
from trainlab.engine.compiled.builder import Builder, Op
from trainlab.engine.compiled.losses._targets import is_classes, is_numbers
from trainlab.nn.losses.mse import MSE


def lower(b: Builder, loss: MSE, y: Array, t: Array, dy: Array | None, w: Array | None) -> Op | None:
    """For class indices and for numbers."""
    if not is_classes(t) and not is_numbers(t):
        return None
    return Op("mse", [y.shape[1], int(is_classes(t))], [], [y, t, dy, w])
