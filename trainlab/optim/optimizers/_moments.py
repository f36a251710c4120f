"""The running means of the gradient and of its square, which the Adam family shares."""

import numpy as np

from trainlab.optim.optimizer import Motion


def update(m: Motion, b1: float, b2: float) -> None:
    """m <- b1 m + (1 - b1) g, v <- b2 v + (1 - b2) g^2, in place; overwrites m.tmp."""
    mean, square, tmp = m.buffers["m"], m.buffers["v"], m.tmp
    mean *= b1
    np.multiply(m.g, 1 - b1, out=tmp)
    mean += tmp
    square *= b2
    np.multiply(m.g, m.g, out=tmp)
    tmp *= 1 - b2
    square += tmp


def step(m: Motion, b1: float, b2: float, eps: float) -> None:
    """Write m.step = -lr m_hat / (sqrt(v_hat) + eps) with m_hat = m / (1 - b1^t), v_hat = v / (1 - b2^t)."""
    # With c = sqrt(1 - b2^t): m_hat / (sqrt(v) / c + eps) = c m_hat / (sqrt(v) + c eps), two passes fewer.
    c = (1 - b2**m.t) ** 0.5
    np.sqrt(m.buffers["v"], out=m.tmp)
    m.tmp += c * eps
    np.divide(m.buffers["m"], m.tmp, out=m.step)
    m.step *= -m.lr * c / (1 - b1**m.t)
