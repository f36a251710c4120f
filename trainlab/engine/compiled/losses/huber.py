"""Huber's kernel."""

from trainlab.core.types import Array
from trainlab.engine.compiled.builder import Builder, Op
from trainlab.engine.compiled.losses._targets import is_numbers
from trainlab.nn.losses.huber import Huber


def lower(b: Builder, loss: Huber, y: Array, t: Array, dy: Array | None, w: Array | None) -> Op | None:
    """For targets that are numbers."""
    if not is_numbers(t):
        return None
    return Op("huber", [y.shape[1]], [loss.delta], [y, t, dy, w])
