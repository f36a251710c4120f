"""The running means of the gradient and of its square, which the Adam family shares.

The buffers hold sums rather than means: m / (1 - b1) and v / (1 - b2), which cost two passes over theta less.
"""

from math import sqrt

import numpy as np

from trainlab.optim.optimizer import OptimizerState


def update(m: OptimizerState, b1: float, b2: float) -> None:
    """With M = m / (1 - b1) and V = v / (1 - b2): M <- b1 M + g, V <- b2 V + g^2, in place; overwrites m.tmp."""
    mean, square = m.buffers["m"], m.buffers["v"]
    mean *= b1
    mean += m.g
    square *= b2
    np.multiply(m.g, m.g, out=m.tmp)
    square += m.tmp


def step(m: OptimizerState, b1: float, b2: float, eps: float) -> None:
    """Write m.step = -lr m_hat / (sqrt(v_hat) + eps) with m_hat = m / (1 - b1^t), v_hat = v / (1 - b2^t)."""
    root(m, b2, eps)
    np.divide(m.buffers["m"], m.tmp, out=m.step)
    m.step *= -m.lr * (1 - b1) / (1 - b1**m.t) * scale(m, b2)


def root(m: OptimizerState, b2: float, eps: float) -> None:
    """Write m.tmp = (sqrt(v_hat) + eps) scale = sqrt(V) + eps scale: one pass less than sqrt(v_hat) + eps."""
    np.sqrt(m.buffers["v"], out=m.tmp)
    m.tmp += eps * scale(m, b2)


def scale(m: OptimizerState, b2: float) -> float:
    """sqrt(V / v_hat), the same for all numbers: sqrt((1 - b2^t) / (1 - b2))."""
    return sqrt((1 - b2**m.t) / (1 - b2))
