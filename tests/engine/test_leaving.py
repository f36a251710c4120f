"""A step that a signal leaves undone: nothing of it remains, and the next step is the one that it would have been."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.engine.test_trainer import trainer
from trainlab.core.types import Shape
from trainlab.engine.trainer import Trainer
from trainlab.nn.layer import Layer, Slot
from trainlab.nn.layers.batch_norm import BatchNorm
from trainlab.nn.layers.dense import Dense
from trainlab.nn.layers.dropout import Dropout

FORWARD: list[Callable[[], None]] = []  # what the layer below does in its next forward passes


class Interrupted(Layer, name="interrupted"):
    """y = x; a signal may come in its forward pass."""

    def out_shape(self, shape: Shape) -> Shape:
        """The same shape."""
        return shape

    def forward(self, s: Slot) -> None:
        """y = x."""
        s.y[...] = s.x
        if FORWARD:
            FORWARD.pop()()

    def backward(self, s: Slot) -> None:
        """dx = dy."""
        if s.dx is not None:
            s.dx[...] = s.dy


def made(engine: str) -> Trainer:
    """Layers with a memory and a random stream before the layer in which the signal comes, and one behind it."""
    layers = [
        Dense(units=4),
        BatchNorm(),
        Dropout(drop=0.4),
        Interrupted(),
        Dense(units=4),
        BatchNorm(),
        Dense(units=3),
    ]
    dtype, optimizer = ("float32", "adam") if engine == "compiled" else ("float64", engine)
    return trainer(layers=layers, optimizer=optimizer, dtype=dtype)


def state(t: Trainer) -> tuple[dict[str, bytes], dict[str, object]]:
    """Everything that the run's future depends on, but for the order: the epoch that follows may be drawn already."""
    arrays, plain = t.state()
    return {name: a.tobytes() for name, a in arrays.items()}, {k: v for k, v in plain.items() if k != "order"}


@pytest.mark.parametrize(("engine", "calls"), [("adam", 1), ("compiled", 1), ("lbfgs", 1), ("lbfgs", 3)])
def test_a_long_step_is_left_without_a_trace_and_taken_again(engine, calls):
    """After the signal the state is that before the step, also within a line search; all later steps are the same."""
    t, other = made(engine), made(engine)
    for one in (t, other):
        assert sum(one.advance(1) for _ in range(3)) == 3
    before = state(t)
    t._seconds_per_step = 1.0
    FORWARD[:] = [t.leave_step, *[lambda: None] * (calls - 1)]
    assert (t.advance(1), t.broken) == (0, False)
    assert not FORWARD
    assert state(t) == before
    resumed = made(engine)
    resumed.restore(*t.state())
    for one in (t, other, resumed):
        assert one.advance(1) == one.advance(1) == 1
    assert state(t) == state(other) == state(resumed)


def test_short_steps_are_not_left():
    """Steps of less than a moment end before the run does: nothing has to be copied for them."""
    t = made("adam")
    t.advance(1)
    t._seconds_per_step = 1e-3
    FORWARD[:] = [t.leave_step]
    assert t.advance(1) == 1


def test_a_step_that_is_left_at_once_runs_no_kernel():
    """The gradient stays as it was; the next call runs all kernels again."""
    t = made("compiled")
    assert t.advance(1) == 1
    gradient = t.net.grad.copy()
    t._seconds_per_step = 1.0
    assert t.advance(1, lambda: t.leave_step() is not None) == 0
    assert np.array_equal(t.net.grad, gradient)
    assert t.advance(1) == 1
    assert not np.array_equal(t.net.grad, gradient)
