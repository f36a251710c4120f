"""What surrounds the layers in a training step, as ops: the batch, the loss, penalties, the update, constraints."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from trainlab.core.types import Array
from trainlab.data.lazy import LazyRows
from trainlab.data.widening import Widen
from trainlab.engine.compiled.builder import Builder, Op
from trainlab.engine.compiled.lowerings import lowering_of
from trainlab.nn.loss import Loss
from trainlab.optim.optimizer import Optimizer, OptimizerState
from trainlab.optim.regularizer import Regularizer

TYPES = ("float32", "float64", "uint8", "int8", "uint16", "int16", "int32", "int64")  # by number, as in gather.c
TILE = 4096  # numbers of a flat vector that are summed together, as in optimizers.c


def gather_op(rows: Any, out: Array) -> Op | None:
    """out = the batch's rows of the data, converted to float32; None if only Python can read them."""
    through: Array | None = None
    if isinstance(rows, LazyRows):
        x, through = rows.stored, np.ascontiguousarray(rows.index, np.int64)
        if rows.steps:
            return _widen_op(rows, through, out)
    else:
        x = rows
    if not x.flags.c_contiguous or not x.dtype.isnative:
        return None
    if x.dtype.name not in TYPES or out.dtype != np.float32 or not x.flags.aligned:
        return None
    width = int(np.prod(x.shape[1:]))
    return Op("gather", [width, TYPES.index(x.dtype.name), width * x.itemsize], (), [x, through, out])


def _widen_op(rows: LazyRows, through: Array, out: Array) -> Op | None:
    """out = the batch's rows, widened; None if another step acts on them or the preprocessor has no kernel."""
    step, x = rows.steps[0], rows.stored
    if len(rows.steps) > 1 or not isinstance(step, Widen) or not x.flags.c_contiguous:
        return None
    if x.dtype != np.float32 or out.dtype != np.float32:
        return None
    found = lowering_of(step.preprocessor, "preprocess")
    return found.lower(step, x, through, out) if found is not None else None


def targets_op(t: Array, out: Array) -> Op:
    """out = the batch's rows of t, byte for byte."""
    return Op("gather_bytes", [t.itemsize * int(np.prod(t.shape[1:]))], (), [np.ascontiguousarray(t), out])


def loss_op(b: Builder, loss: Loss, y: Array, t: Array, dy: Array | None, w: Array | None) -> Op | None:
    """The loss of a batch, its gradient and what is counted; None if there is no kernel for such targets.

    y: outputs (rows, units) · t: memory of the batch's targets · dy: memory of the gradient; None in evaluation ·
    w: memory of the rows' weights; None if they have none.
    """
    found = lowering_of(loss, "losses")
    return found.lower(b, loss, y, t, dy, w) if found is not None and y.ndim == 2 else None


def finish_op(b: Builder, state: OptimizerState, penalties: dict[str, float], limit: float | None) -> Op:
    """Add l2 and l1 penalties to the gradient, measure its norm, and find the factor by which it is clipped."""
    numbers = [penalties.get("l2", 0.0), penalties.get("l1", 0.0), limit or 0.0]
    sums = _sums(b, len(state.theta), 1)
    return Op("finish_gradient", [len(state.theta), state.weights], numbers, [state.theta, state.g, sums])


def penalty_strength(rule: Regularizer) -> dict[str, float] | None:
    """The strength of a penalty that `finish_gradient` adds, by its name there; None for other penalties."""
    found = lowering_of(rule, "regularizers")
    return found.penalty(rule) if found is not None else None


def update_op(
    b: Builder, optimizer: Optimizer, state: OptimizerState, average: Array | None, decay: float
) -> Op | None:
    """The step, applied in place; None if the optimizer has no kernel. average: follows theta in the same pass."""
    found = lowering_of(optimizer, "optimizers")
    if found is None:
        return None
    kernel, settings = found.kernel(optimizer)
    numbers = [*settings, *[0.0] * (7 - len(settings)), decay]
    buffers = [state.buffers[name] for name in type(optimizer).buffers]
    two = [*buffers, None, None][:2]
    sums = _sums(b, len(state.theta), 2)
    factors = _factors(b, state)
    sizes = [len(state.theta), state.weights, 0 if factors is None else len(factors)]
    return Op(kernel, sizes, numbers, [state.theta, state.g, state.step, *two, average, sums, factors])


def _factors(b: Builder, state: OptimizerState) -> Array | None:
    """Rows (end, factor) that cover theta, in order; None where no factor is set."""
    if not state.factors:
        return None
    rows: list[tuple[float, float]] = []
    for part, factor in [*state.factors, (slice(len(state.theta), len(state.theta)), 1.0)]:
        if part.start > (rows[-1][0] if rows else 0):
            rows.append((part.start, 1.0))
        rows.append((part.stop, factor))
    made = b.memory((len(rows), 2), np.float64)
    made[...] = rows
    return made


def follow_op(average: Array, theta: Array, decay: float) -> Op:
    """The moving average of the weights, if a constraint moved them after the step."""
    return Op("follow", [len(theta)], [decay], [average, theta])


def constraint_ops(b: Builder, rule: Regularizer, weights: Sequence[Array]) -> list[Op] | None:
    """What a constraint does to each weight array after the step; None if it has no kernel."""
    found = lowering_of(rule, "regularizers")
    return found.lower(b, rule, weights) if found is not None else None


def _sums(b: Builder, size: int, per_tile: int) -> Array:
    """Memory for the sums of each tile of a flat vector."""
    return b.memory((per_tile * max(1, -(-size // TILE)),), np.float64)
