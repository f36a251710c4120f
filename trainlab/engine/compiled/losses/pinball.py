"""Pinball's kernel."""

from trainlab.core.types import Array
from trainlab.engine.compiled.builder import Builder, Op
from trainlab.engine.compiled.losses._targets import is_numbers
from trainlab.nn.losses.pinball import Pinball


def lower(b: Builder, loss: Pinball, y: Array, t: Array, dy: Array | None, w: Array | None) -> Op | None:
    """For targets that are numbers."""
    if not is_numbers(t):
        return None
    shares = b.memory((len(loss.quantiles),))
    shares[...] = loss.quantiles
    return Op("pinball", [y.shape[1], len(shares), loss.middle], [], [y, t, dy, w, shares])
