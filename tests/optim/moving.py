"""Bowls and other landscapes, and a loop of three lines, for the tests of optimizers."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trainlab.optim.optimizer import Optimizer, OptimizerState

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "optim.json").read_text())


@dataclass
class Landscape:
    """A loss over theta; `value` and `slope` are written by hand, `start` is where the walk begins."""

    start: np.ndarray
    value: Any
    slope: Any


def golden_bowl(dtype="f8"):
    """0.5 d' A d + sum d^4 / 4, d = theta - c, as in tests/golden/make_optim.py."""
    A, c = np.array(GOLDEN["bowl"]["A"], dtype), np.array(GOLDEN["bowl"]["center"], dtype)

    def value(theta):
        d = theta - c
        return float(0.5 * d @ A @ d + (d**4).sum() / 4)

    def slope(theta):
        d = theta - c
        return A @ d + d**3

    return Landscape(np.array(GOLDEN["bowl"]["start"], dtype), value, slope)


def bowl(condition=50.0, dtype="f8"):
    """0.5 sum a_i (theta_i - 1)^2 over 8 numbers, with a_i from 1 / condition to 1; the least loss is 0, at 1."""
    a = np.geomspace(1 / condition, 1.0, 8).astype(dtype)
    start = np.linspace(-1, 2, 8).astype(dtype)
    return Landscape(start, lambda theta: float(0.5 * (a * (theta - 1) ** 2).sum()), lambda theta: a * (theta - 1))


def rosenbrock(dtype="f8"):
    """(1 - x)^2 + 100 (y - x^2)^2: a bent valley whose only minimum is 0 at (1, 1)."""

    def value(theta):
        x, y = theta
        return float((1 - x) ** 2 + 100 * (y - x * x) ** 2)

    def slope(theta):
        x, y = theta
        return np.array([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)], theta.dtype)

    return Landscape(np.array([-1.2, 1.0], dtype), value, slope)


def motion(optimizer: Optimizer, theta: np.ndarray, weights: int | None = None) -> OptimizerState:
    """A state at theta, as the engine makes it."""
    n = theta.size
    rest, factor = slice(n if weights is None else weights, n), optimizer.lr_factors.of("bias")
    return OptimizerState(
        theta=theta,
        g=np.zeros_like(theta),
        step=np.full_like(theta, np.nan),
        buffers={name: np.zeros_like(theta) for name in optimizer.buffers},
        lr=optimizer.lr,
        t=0,
        weights=n if weights is None else weights,
        factors=[(rest, factor)] if factor != 1 else [],
    )


def walk(optimizer: Optimizer, land: Landscape, steps: int, weights: int | None = None) -> list[np.ndarray]:
    """Theta after each step."""
    m = motion(optimizer, land.start.copy(), weights)

    def evaluate(theta):
        m.g[...] = land.slope(theta)
        return land.value(theta)

    m.evaluate = evaluate if optimizer.full_batch else None
    path = []
    for m.t in range(1, steps + 1):
        m.g[...] = land.slope(m.theta)
        optimizer.take(m)
        m.theta += m.step
        path.append(m.theta.copy())
    return path
