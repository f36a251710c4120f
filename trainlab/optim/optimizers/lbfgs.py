"""L-BFGS: Newton's method with the curvature estimated from the last steps."""

from collections.abc import Callable
from math import inf, isfinite
from typing import Any, ClassVar, Self, cast

import numpy as np
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from trainlab.core.component import setting
from trainlab.core.types import Array
from trainlab.optim.optimizer import LrFactors, Optimizer, OptimizerState

_PAIRS = 10  # how many (step, change of gradient) pairs there is room for


class LBFGS(Optimizer, name="lbfgs"):
    """step = -a H g: H approximates the inverse Hessian from the last `history` steps, a is found by a line search.

    Each step is one iteration on the whole training set, so an epoch is one step. On small smooth problems it needs
    far fewer steps than any first-order rule. Do not use it with dropout or augmentation: it takes their noise for
    curvature. The loss never rises. If no step lowers the loss (at a minimum, or at the limit of float32), the step is
    zero. Gradient clipping has no effect.

    Source: Nocedal & Wright 2006, Algorithms 7.4 and 7.5; strong Wolfe line search of SciPy (c1 = 1e-4, c2 = 0.9).
    torch's LBFGS interpolates differently in its line search and does 20 iterations per call: different steps, same
    minimum.
    """

    buffers: ClassVar[tuple[str, ...]] = tuple(f"{name}{i}" for name in "sy" for i in range(_PAIRS))
    full_batch: ClassVar[bool] = True

    lr: float = setting(1.0, "step length that the line search tries first; 1 is the Newton step", ge=0)
    history: int = setting(10, "how many of the last steps are used to estimate the curvature", ge=1, le=_PAIRS)

    @model_validator(mode="after")
    def _one_rate(self) -> Self:
        if self.lr_factors != LrFactors():
            raise PydanticCustomError(
                "lr_factors", "lbfgs moves all parameters along one line: leave out `lr_factors`, or use adam"
            )
        return self

    def update(self, state: OptimizerState) -> None:
        """One iteration; state.g is the same before and after."""
        state.step.fill(0)
        if state.lr == 0 or not state.g.any():
            return
        if state.evaluate is None:
            raise ValueError("lbfgs needs OptimizerState.evaluate")
        given = state.g.copy()
        loss = state.evaluate(state.theta) if state.loss is None else state.loss
        g = state.g.copy()  # `given` may have been clipped
        pairs = self._pairs(state)
        direction = _descent(pairs, g)
        direction *= state.lr if pairs else state.lr * min(1.0, 1.0 / float(np.abs(g).sum()))
        if not _search(state.evaluate, state, loss, g, direction) and pairs:
            direction = g * (-state.lr * min(1.0, 1.0 / float(np.abs(g).sum())))
            _search(state.evaluate, state, loss, g, direction)
            for buffer in state.buffers.values():  # the pairs led nowhere: restart with the gradient
                buffer.fill(0)  # not before the search, which may be left by a signal
        place = state.t % self.history
        state.buffers[f"s{place}"][...] = state.step
        np.subtract(state.g, g, out=state.buffers[f"y{place}"])
        state.g[...] = given

    def _pairs(self, state: OptimizerState) -> list[tuple[Array, Array, float]]:
        """(s, y, s'y) of the last steps, newest first, where the curvature s'y is positive."""
        places = [(state.t - 1 - i) % self.history for i in range(self.history)]
        pairs = [(state.buffers[f"s{i}"], state.buffers[f"y{i}"]) for i in places]
        known = [(s, y, float(np.dot(s, y))) for s, y in pairs]
        return [(s, y, sy) for s, y, sy in known if sy > 1e-10 * float(np.dot(s, s))]


def _descent(pairs: list[tuple[Array, Array, float]], g: Array) -> Array:
    """-H g by the two-loop recursion: H from the pairs, newest first, starting at (s'y / y'y) I of the newest."""
    direction = -g
    shares: list[float] = []
    for s, y, sy in pairs:
        shares.append(float(np.dot(s, direction)) / sy)
        direction -= shares[-1] * y
    if pairs:
        _, y, sy = pairs[0]
        direction *= sy / float(np.dot(y, y))
    for (s, y, sy), share in zip(reversed(pairs), reversed(shares), strict=True):
        direction += (share - float(np.dot(y, direction)) / sy) * s
    return direction


def _search(evaluate: Callable[[Array], float], state: OptimizerState, loss: float, g: Array, direction: Array) -> bool:
    """Find a step length a that meets the strong Wolfe conditions; write state.step = a direction and state.g there.

    If only the condition on the slope cannot be met, a shorter step that lowers the loss is taken. Returns False if
    there is none.
    """
    import warnings

    from scipy.optimize import line_search  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType] # it has none

    def value(theta: Array) -> float:
        found = evaluate(theta.astype(state.theta.dtype, copy=False))
        return found if isfinite(found) else inf

    def gradient(theta: Array) -> Array:
        return state.g  # SciPy asks for the slope only at the point of its last value

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a failed search also returns None
        found = cast("Callable[..., tuple[Any, ...]]", line_search)(value, gradient, state.theta, direction, g, loss)
    a, converged = found[0], found[5] is not None
    if a is None or not converged:
        slope, a = float(np.dot(g, direction)), 1.0
        while not value(state.theta + a * direction) <= loss + 1e-4 * a * slope:
            a *= 0.5
            if a < 1e-6:
                return False
    np.multiply(direction, float(a), out=state.step)
    return True
