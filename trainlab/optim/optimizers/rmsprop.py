"""RMSprop: each weight has its own rate, from its recent gradients."""

from math import sqrt
from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.optim.optimizer import Optimizer, OptimizerState


class RMSprop(Optimizer, name="rmsprop"):
    """s <- rho s + (1 - rho) g^2, step = -lr g / (sqrt(s) + eps): gradients divided by their recent size.

    `adagrad` with a memory that fades. s starts at zero, so the first steps are up to 1 / sqrt(1 - rho) = 10 times lr;
    `adam` corrects that.

    Source: Tieleman & Hinton 2012, Coursera lecture 6.5. eps outside the root, as torch (TensorFlow has it inside).
    """

    lr: float = setting(0.001, "learning rate: about the size of every step", ge=0, search={"log": [1e-5, 1e-1]})
    rho: float = setting(0.99, "memory of the gradient's square", ge=0, lt=1)
    eps: float = setting(1e-8, "keeps the division finite", gt=0)
    buffers: ClassVar[tuple[str, ...]] = ("s",)

    def update(self, m: OptimizerState) -> None:
        """s <- rho s + (1 - rho) g^2, step = -lr g / (sqrt(s) + eps)."""
        s, tmp = m.buffers["s"], m.tmp  # the buffer holds s / (1 - rho), which costs a pass less
        s *= self.rho
        np.multiply(m.g, m.g, out=tmp)
        s += tmp
        scale = sqrt(1 - self.rho)
        np.sqrt(s, out=tmp)
        tmp += self.eps / scale
        np.divide(m.g, tmp, out=m.step)
        m.step *= -m.lr / scale
