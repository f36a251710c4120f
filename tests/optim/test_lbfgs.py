"""L-BFGS: it never rises, reaches the minimum in few iterations, and its direction is that of the BFGS formula."""

from itertools import pairwise

import numpy as np
import pytest
from moving import Landscape, bowl, golden_bowl, motion, rosenbrock, walk

from trainlab.optim.optimizers.lbfgs import LBFGS


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize(
    ("make", "steps", "close"), [(bowl, 30, 1e-6), (golden_bowl, 40, 1e-6), (rosenbrock, 60, 1e-6)]
)
def test_monotone(make, steps, close, dtype):
    """The loss never rises, in float32 either, and ends at the minimum of two bowls and Rosenbrock's valley."""
    land = make(dtype=dtype)
    losses = [land.value(land.start)] + [land.value(theta) for theta in walk(LBFGS(), land, steps)]
    assert (np.diff(losses) <= 0).all()
    assert losses[-1] < close


def test_minimum():
    """Rosenbrock's minimum is (1, 1)."""
    np.testing.assert_allclose(walk(LBFGS(), rosenbrock(), 60)[-1], [1.0, 1.0], rtol=1e-6)


def test_direction():
    """The step is along -H g, H by the BFGS update (Nocedal & Wright 6.17) from all steps so far."""
    land = golden_bowl()
    path = [land.start, *walk(LBFGS(), land, 5)]
    for t in range(2, 5):
        pairs = [(b - a, land.slope(b) - land.slope(a)) for a, b in pairwise(path[: t + 1])]
        s, y = pairs[-1]
        H = np.eye(6) * (s @ y) / (y @ y)
        for s, y in pairs:
            V = np.eye(6) - np.outer(y, s) / (s @ y)
            H = V.T @ H @ V + np.outer(s, s) / (s @ y)
        want = -H @ land.slope(path[t])
        got = path[t + 1] - path[t]
        np.testing.assert_allclose(got / np.linalg.norm(got), want / np.linalg.norm(want), rtol=1e-6, atol=1e-9)


def test_history():
    """With a history of one, only the last pair counts."""
    land = golden_bowl()
    path = [land.start, *walk(LBFGS(history=1), land, 4)]
    s, y = path[3] - path[2], land.slope(path[3]) - land.slope(path[2])
    V = np.eye(6) - np.outer(y, s) / (s @ y)
    want = -(V.T @ V * (s @ y) / (y @ y) + np.outer(s, s) / (s @ y)) @ land.slope(path[3])
    got = path[4] - path[3]
    np.testing.assert_allclose(got / np.linalg.norm(got), want / np.linalg.norm(want), rtol=1e-6, atol=1e-9)


def test_resumable():
    """The buffers hold the whole memory: a copy goes on bit for bit the same, history wrapped around."""
    land, optimizer = rosenbrock(), LBFGS(history=3)
    m = motion(optimizer, land.start.copy())
    copy = motion(optimizer, land.start.copy())

    def evaluate_with(each):
        def evaluate(theta):
            each.g[...] = land.slope(theta)
            return land.value(theta)

        return evaluate

    m.evaluate, copy.evaluate = evaluate_with(m), evaluate_with(copy)
    for t in range(1, 13):
        for each in (m, copy) if t > 7 else (m,):
            each.t = t
            each.g[...] = land.slope(each.theta)
            optimizer.update(each)
            each.theta += each.step
        if t == 7:
            copy.theta[...] = m.theta
            copy.buffers = {name: buffer.copy() for name, buffer in m.buffers.items()}
    np.testing.assert_array_equal(copy.theta, m.theta)


def test_stays_at_minimum():
    """At a minimum, and with a rate of zero, the step is zero."""
    land = bowl()
    land.start = np.ones(8)
    np.testing.assert_array_equal(walk(LBFGS(), land, 2), np.ones((2, 8)))
    land = bowl()
    np.testing.assert_array_equal(walk(LBFGS(lr=0.0), land, 1)[0], land.start)


def test_wall():
    """Where the first trial lands in nan, a shorter step is found."""
    land = Landscape(
        np.array([0.5]),
        lambda theta: float(theta[0] - np.log(theta[0]) + 5 * theta[0]) if theta[0] > 0 else float("nan"),
        lambda theta: 6 - 1 / theta,
    )
    assert walk(LBFGS(lr=4.0), land, 20)[-1][0] == pytest.approx(1 / 6, rel=1e-5)


def test_wrong_gradient():
    """Where the gradient lies and no step along it helps, it stays where it is."""
    land = bowl()
    land = Landscape(land.start, land.value, lambda theta, slope=land.slope: -slope(theta))
    np.testing.assert_array_equal(walk(LBFGS(), land, 3)[-1], land.start)


def test_known_loss():
    """The loss at theta is not computed again where the loop knows it."""
    land, calls = bowl(), []
    m = motion(LBFGS(), land.start.copy())

    def evaluate(theta):
        calls.append(theta.copy())
        m.g[...] = land.slope(theta)
        return land.value(theta)

    m.evaluate, m.t = evaluate, 1
    m.g[...], m.loss = land.slope(land.start), land.value(land.start)
    LBFGS().update(m)
    assert calls
    assert not any((theta == land.start).all() for theta in calls)


def test_clipped_gradient():
    """A gradient that the loop has clipped changes nothing: the line search needs the slope as it is."""
    land = golden_bowl()
    steps = []
    for share in (1.0, 0.01):
        m = motion(LBFGS(), land.start.copy())

        def evaluate(theta, m=m):
            m.g[...] = land.slope(theta)
            return land.value(theta)

        m.evaluate = evaluate
        for m.t in (1, 2, 3):
            m.g[...] = share * land.slope(m.theta)
            LBFGS().update(m)
            m.theta += m.step
        steps.append(m.theta)
    np.testing.assert_array_equal(steps[1], steps[0])


def test_needs_evaluate():
    """Without `evaluate` it says what is missing."""
    m = motion(LBFGS(), np.ones(2))
    m.g[...], m.t = 1.0, 1
    with pytest.raises(ValueError, match=r"^lbfgs needs OptimizerState\.evaluate$"):
        LBFGS().update(m)
