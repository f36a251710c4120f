"""Laws of optimizers, schedules and regularizers."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from trainlab.core.types import Array
from trainlab.optim.optimizer import Optimizer, OptimizerState
from trainlab.optim.regularizer import Regularizer
from trainlab.optim.schedule import Schedule

_RATES, _STEPS, _ENOUGH = (1.0, 0.3, 0.1, 0.03, 0.01, 10.0), 3000, 1e-3
_HISTORY = (1.0, 0.8, 0.9, 0.85, 0.86, 0.84, 0.83, 0.83, 0.83, 0.82)


@dataclass(frozen=True, slots=True)
class _Bowl:
    """0.5 sum a_i (theta_i - 1)^2, a_i from 1/50 to 1; the least loss is 0."""

    a: Array
    start: Array

    @classmethod
    def of(cls, dtype: str) -> "_Bowl":
        return cls(np.geomspace(0.02, 1.0, 8).astype(dtype), np.linspace(-1, 2, 8).astype(dtype))

    def value(self, theta: Array) -> float:
        return float(0.5 * (self.a * (theta - 1) ** 2).sum())

    def slope(self, theta: Array) -> Array:
        return self.a * (theta - 1)


def comes_down(optimizer: Optimizer) -> Iterator[str]:
    """It comes down a bowl to a thousandth of the loss at one of a few rates, in both float types."""
    for dtype in ("f8", "f4"):
        bowl = _Bowl.of(dtype)
        goal, found = _ENOUGH * bowl.value(bowl.start), np.inf
        for lr in _RATES:
            m = _state(optimizer, bowl, lr)
            for _ in range(_STEPS):
                _step(optimizer, m, bowl)
                if not np.isfinite(m.theta).all() or bowl.value(m.theta) < goal:
                    break
            found = min(found, bowl.value(m.theta)) if np.isfinite(m.theta).all() else found
            if found < goal:
                break
        if not found < goal:
            yield f"from a loss of {bowl.value(bowl.start):.3g} it comes to {found:.3g} in {_STEPS} steps ({dtype})"


def writes_the_step(optimizer: Optimizer) -> Iterator[str]:
    """It writes every number of the step, in its type, and changes neither theta nor the gradient."""
    for dtype in ("f8", "f4"):
        bowl = _Bowl.of(dtype)
        m = _state(optimizer, bowl, 0.1)
        for _ in range(3):
            theta = m.theta.copy()
            m.step.fill(np.nan)
            m.t += 1
            m.g[...] = bowl.slope(m.theta)
            g = m.g.copy()
            optimizer.update(m)
            if not np.isfinite(m.step).all():
                yield "it leaves parts of the step as they were"
            elif not m.step.any():
                yield "its step is 0 everywhere"
            if not (np.array_equal(m.theta, theta) and np.array_equal(m.g, g)):
                yield "it changes theta or the gradient; it writes the step, which the engine adds"
            if {a.dtype for a in (m.step, *m.buffers.values())} != {np.dtype(dtype)}:
                yield f"the step or a buffer is no {np.dtype(dtype)} any more: write into them, `m.step[...] = `"
            m.theta += m.step


def scaled_by_rate(optimizer: Optimizer) -> Iterator[str]:
    """The step is proportional to the rate of the state, which the schedule has scaled."""
    if optimizer.full_batch:
        return
    steps: list[Array] = []
    for lr in (0.1, 0.2, 0.0):
        m = _state(optimizer, _Bowl.of("f8"), lr)
        m.t, m.g[...] = 1, np.linspace(-1, 2, 8)
        optimizer.update(m)
        steps.append(m.step.copy())
    if not np.allclose(steps[1], 2 * steps[0], rtol=1e-12) or steps[2].any():
        yield "twice the rate is not twice the step; use `state.lr`, not `self.lr`"


def resumable(optimizer: Optimizer) -> Iterator[str]:
    """Theta, buffers and t are all that the future depends on."""
    if optimizer.full_batch:
        return
    bowl, copy = _Bowl.of("f4"), _state(optimizer, _Bowl.of("f4"), 0.05)
    m = _state(optimizer, bowl, 0.05)
    for t in range(1, 11):
        if t == 6:
            copy.theta[...], copy.t = m.theta, m.t
            copy.buffers = {name: buffer.copy() for name, buffer in m.buffers.items()}
        for each in (m, copy) if t > 5 else (m,):
            _step(optimizer, each, bowl)
    if not np.array_equal(copy.theta, m.theta):
        yield "after a resume it goes another way: keep all state in `state.buffers`, named by the class's `buffers`"


def finite_factor(schedule: Schedule) -> Iterator[str]:
    """The factor is a finite number of at least 0 in runs of any length, and depends on nothing else."""
    for epochs in (1, 10, 200):
        for epoch in np.linspace(0, epochs, 23):
            history = _HISTORY[: int(epoch)] if schedule.watched() else ()
            found = [schedule.at(float(epoch), epochs, history) for _ in range(2)]
            if not (np.isfinite(found[0]) and found[0] >= 0):
                yield f"the factor is {found[0]} at epoch {epoch:.3g} of {epochs}"
                return
            if found[0] != found[1]:
                yield "the same epoch gives another factor the second time"
                return


def penalty_slope(rule: Regularizer) -> Iterator[str]:
    """Gradients: `add_gradient` adds the slope of `penalty`."""
    if not rule.penalizes:
        return
    w, rng = np.random.default_rng(0).normal(size=20), np.random.default_rng(1)
    g = np.ones(20)
    rule.add_gradient(w, g)
    for _ in range(3):
        d = rng.normal(size=20)
        measured = (rule.penalty(w + 1e-6 * d) - rule.penalty(w - 1e-6 * d)) / 2e-6
        told = float(((g - 1) * d).sum())
        if not abs(measured - told) <= 1e-5 * abs(told) + 1e-7:
            yield f"add_gradient adds a slope of {told:.6g}, but that of the penalty is {measured:.6g}"
            return


def does_something(rule: Regularizer) -> Iterator[str]:
    """It penalizes or constrains, and a constraint holds once it was applied."""
    if not (rule.penalizes or rule.constrains):
        yield "set `penalizes` or `constrains` to True on the class: without them it is never called"
    if rule.constrains:
        W = np.random.default_rng(0).normal(size=(6, 4)) * 10
        rule.constrain(W)
        once = W.copy()
        rule.constrain(W)
        if not (np.isfinite(W).all() and np.allclose(W, once, rtol=1e-9)):
            yield "constraining a second time changes the weights again"


LAWS = {
    "optimizer": [comes_down, writes_the_step, scaled_by_rate, resumable],
    "schedule": [finite_factor],
    "regularizer": [does_something, penalty_slope],
}


def _state(optimizer: Optimizer, bowl: _Bowl, lr: float) -> OptimizerState:
    theta = bowl.start.copy()
    buffers = {name: np.zeros_like(theta) for name in optimizer.buffers}
    # weights=0: a decoupled decay would move the minimum away from the bowl's
    m = OptimizerState(theta, np.zeros_like(theta), np.full_like(theta, np.nan), buffers, lr, 0, 0)

    def evaluate(at: Array) -> float:
        m.g[...] = bowl.slope(at)
        return bowl.value(at)

    m.evaluate = evaluate if optimizer.full_batch else None
    return m


def _step(optimizer: Optimizer, m: OptimizerState, bowl: _Bowl) -> None:
    m.t += 1
    m.g[...] = bowl.slope(m.theta)
    m.loss = bowl.value(m.theta)
    optimizer.update(m)
    m.theta += m.step
