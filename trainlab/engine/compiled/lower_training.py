"""What surrounds the layers as ops: batch gathering, losses, optimizers, penalties and constraints."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from trainlab.core.types import Array
from trainlab.data.lazy import LazyRows
from trainlab.engine.compiled.builder import Builder, Op, Pointer
from trainlab.nn.loss import Loss
from trainlab.optim.optimizer import Optimizer, OptimizerState
from trainlab.optim.regularizer import Regularizer

TYPES = ("float32", "float64", "uint8", "int8", "uint16", "int16", "int32", "int64")  # by number, as in gather.c
TILE = 4096  # numbers of a flat vector that are summed together, as in optimizers.c


def gather_op(rows: Array | LazyRows, out: Array) -> Op | None:
    """out = the batch's rows of the data, converted; None where only Python can read them."""
    through: Array | None = None
    if isinstance(rows, LazyRows):
        x, through = rows.stored, np.ascontiguousarray(rows.index, np.int64)
        if rows.steps:
            return None
    else:
        x = rows
    if not x.flags.c_contiguous or not x.dtype.isnative:
        return None
    if x.dtype.name not in TYPES or out.dtype != np.float32 or not x.flags.aligned:
        return None
    width = int(np.prod(x.shape[1:]))
    return Op("gather", [width, TYPES.index(x.dtype.name), width * x.itemsize], (), [x, through, out])


def targets_op(t: Array, out: Array) -> Op:
    """out = the batch's rows of t, as they are."""
    return Op("gather_bytes", [t.itemsize * int(np.prod(t.shape[1:]))], (), [np.ascontiguousarray(t), out])


Numbers = tuple[Sequence[int], Sequence[float], Sequence[Pointer]]


def loss_op(b: Builder, loss: Loss, y: Array, t: Array, dy: Array | None) -> Op | None:
    """The loss of a batch, its gradient and what is counted; None where there is no kernel for these targets."""
    units, known = y.shape[-1], LOSSES.get(loss.name)
    if known is None or y.ndim != 2:
        return None
    classes = t.ndim == 1 and t.dtype == np.int64
    if not classes and (t.ndim != 2 or t.dtype != np.float32):
        return None
    made = known(b, loss, units, classes)
    if made is None:
        return None
    i, f, more = made
    return Op(loss.name, i, f, [y, t, dy, *more])


def _softmax(b: Builder, loss: Any, units: int, classes: bool) -> Numbers | None:
    weights = loss.class_weights
    if weights is not None and not isinstance(weights, list):
        return None
    kept = None
    if weights is not None:
        kept = b.memory((units,))
        kept[...] = weights
    return [units, int(not classes)], [loss.label_smoothing], [kept, b.memory((b.rows, units))]


LOSSES: dict[str, Callable[[Builder, Any, int, bool], Numbers | None]] = {
    "softmax_cross_entropy": _softmax,
    "binary_cross_entropy": lambda b, loss, units, classes: None if classes else ([units], [], []),
    "hinge": lambda b, loss, units, classes: ([units], [loss.margin], []) if classes else None,
    "mse": lambda b, loss, units, classes: ([units, int(classes)], [], []),
    "mae": lambda b, loss, units, classes: None if classes else ([units], [], []),
    "huber": lambda b, loss, units, classes: None if classes else ([units], [loss.delta], []),
}

OPTIMIZERS: dict[str, Callable[[Any], tuple[str, Sequence[float]]]] = {
    "sgd": lambda o: ("sgd", ()),
    "momentum": lambda o: ("momentum", (o.momentum,)),
    "nesterov": lambda o: ("nesterov", (o.momentum,)),
    "adam": lambda o: ("adam", (o.b1, o.b2, o.eps, 0.0)),
    "adamw": lambda o: ("adam", (o.b1, o.b2, o.eps, o.weight_decay)),
    "nadam": lambda o: ("nadam", (o.b1, o.b2, o.eps, o.momentum_decay)),
    "rmsprop": lambda o: ("rmsprop", (o.rho, o.eps)),
    "adagrad": lambda o: ("adagrad", (o.eps,)),
    "adadelta": lambda o: ("adadelta", (o.rho, o.eps)),
}


def sums_memory(b: Builder, size: int, per_tile: int) -> Array:
    """Memory for the sums of each tile of a flat vector."""
    return b.memory((per_tile * max(1, -(-size // TILE)),), np.float64)


def finish_op(b: Builder, m: OptimizerState, penalties: dict[str, float], limit: float | None) -> Op:
    """Penalties into the gradient, its length, how much it is to be clipped."""
    numbers = [penalties.get("l2", 0.0), penalties.get("l1", 0.0), limit or 0.0]
    sums = sums_memory(b, len(m.theta), 1)
    return Op("finish_gradient", [len(m.theta), m.weights], numbers, [m.theta, m.g, sums])


def update_op(b: Builder, optimizer: Optimizer, m: OptimizerState, average: Array | None, memory: float) -> Op | None:
    """The step, in place; None where the optimizer has no kernel."""
    known = OPTIMIZERS.get(optimizer.name)
    if known is None:
        return None
    kernel, settings = known(optimizer)
    numbers = [*settings, *[0.0] * (7 - len(settings)), memory]
    buffers = [m.buffers[name] for name in type(optimizer).buffers]
    two = [*buffers, None, None][:2]
    sums = sums_memory(b, len(m.theta), 2)
    return Op(kernel, [len(m.theta), m.weights], numbers, [m.theta, m.g, m.step, *two, average, sums])


def follow_op(average: Array, theta: Array, memory: float) -> Op:
    """The average of the weights, where something moved them after the step."""
    return Op("follow", [len(theta)], [memory], [average, theta])


def constraint_ops(b: Builder, part: Regularizer, weights: Sequence[Array]) -> list[Op] | None:
    """What a regularizer does to each weight array after the step; None where it has no kernel."""
    if part.name != "max_norm":
        return None
    limit = float(cast(Any, part).limit)
    ops: list[Op] = []
    for W in weights:
        units = W.shape[-1]
        ops.append(Op("max_norm", [W.size // units, units], [limit], [W, b.memory((units,))]))
    return ops
