"""L-BFGS: Newton's method with a curvature guessed from the last steps."""

from collections.abc import Callable
from math import inf, isfinite
from typing import Any, ClassVar, cast

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array
from trainlab.optim.optimizer import Optimizer, OptimizerState

_PAIRS = 10  # how many (step, change of gradient) pairs there is room for


class LBFGS(Optimizer, name="lbfgs"):
    """step = -a H g: H approximates the inverse Hessian from the last `history` steps, a is found by a line search.

    One move is one iteration on the whole training set: an epoch is one step. Far fewer steps than any first-order
    rule on small smooth problems; no use with mini-batches, dropout or augmentation, whose noise it takes for
    curvature. The loss never rises. Where no step lowers it (a minimum, or the limit of float32), the step is zero.
    A gradient that was clipped is taken whole.

    Source: Nocedal & Wright 2006, Algorithms 7.4 and 7.5; strong Wolfe line search of SciPy (c1 = 1e-4, c2 = 0.9).
    torch's LBFGS interpolates otherwise in its line search and does 20 iterations per call: other steps, same minimum.
    """

    buffers: ClassVar[tuple[str, ...]] = tuple(f"{name}{i}" for name in "sy" for i in range(_PAIRS))
    full_batch: ClassVar[bool] = True

    lr: float = setting(1.0, "length that the line search tries first; 1 is the Newton step", ge=0)
    history: int = setting(10, "how many of the last steps tell the curvature", ge=1, le=_PAIRS)

    def update(self, m: OptimizerState) -> None:
        """One iteration; m.g is left as it was."""
        m.step.fill(0)
        if m.lr == 0 or not m.g.any():
            return
        if m.evaluate is None:
            raise ValueError("lbfgs needs OptimizerState.evaluate")
        given = m.g.copy()
        loss = m.evaluate(m.theta) if m.loss is None else m.loss
        g = m.g.copy()  # whole, where the given one was clipped
        pairs = self._pairs(m)
        way = _descent(pairs, g)
        way *= m.lr if pairs else m.lr * min(1.0, 1.0 / float(np.abs(g).sum()))
        if not _search(m.evaluate, m, loss, g, way) and pairs:
            for buffer in m.buffers.values():  # what is remembered leads nowhere: start anew, down the gradient
                buffer.fill(0)
            way = g * (-m.lr * min(1.0, 1.0 / float(np.abs(g).sum())))
            _search(m.evaluate, m, loss, g, way)
        place = m.t % self.history
        m.buffers[f"s{place}"][...] = m.step
        np.subtract(m.g, g, out=m.buffers[f"y{place}"])
        m.g[...] = given

    def _pairs(self, m: OptimizerState) -> list[tuple[Array, Array, float]]:
        """(s, y, s'y) of the last steps, newest first, where the curvature s'y is positive."""
        places = [(m.t - 1 - i) % self.history for i in range(self.history)]
        pairs = [(m.buffers[f"s{i}"], m.buffers[f"y{i}"]) for i in places]
        known = [(s, y, float(np.dot(s, y))) for s, y in pairs]
        return [(s, y, sy) for s, y, sy in known if sy > 1e-10 * float(np.dot(s, s))]


def _descent(pairs: list[tuple[Array, Array, float]], g: Array) -> Array:
    """-H g by the two-loop recursion: H from the pairs, newest first, starting at (s'y / y'y) I of the newest."""
    way = -g
    shares: list[float] = []
    for s, y, sy in pairs:
        shares.append(float(np.dot(s, way)) / sy)
        way -= shares[-1] * y
    if pairs:
        _, y, sy = pairs[0]
        way *= sy / float(np.dot(y, y))
    for (s, y, sy), share in zip(reversed(pairs), reversed(shares), strict=True):
        way += (share - float(np.dot(y, way)) / sy) * s
    return way


def _search(evaluate: Callable[[Array], float], m: OptimizerState, loss: float, g: Array, way: Array) -> bool:
    """Write m.step = a way where the strong Wolfe conditions hold, and m.g there; False where no such a is found.

    A shorter step that lowers the loss is taken where only the condition on the slope cannot be met.
    """
    import warnings

    from scipy.optimize import line_search  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType] # it has none

    def value(theta: Array) -> float:
        found = evaluate(theta.astype(m.theta.dtype, copy=False))
        return found if isfinite(found) else inf

    def gradient(theta: Array) -> Array:
        return m.g  # SciPy asks for the slope only where it has just asked for the value

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it found nothing is its first result, None
        found = cast("Callable[..., tuple[Any, ...]]", line_search)(value, gradient, m.theta, way, g, loss)
    a, converged = found[0], found[5] is not None
    if a is None or not converged:
        slope, a = float(np.dot(g, way)), 1.0
        while not value(m.theta + a * way) <= loss + 1e-4 * a * slope:
            a *= 0.5
            if a < 1e-6:
                return False
    np.multiply(way, float(a), out=m.step)
    return True
