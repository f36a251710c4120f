"""Adadelta: Adagrad that forgets, and that finds its own rate."""

from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.optim.optimizer import Optimizer, OptimizerState


class Adadelta(Optimizer, name="adadelta"):
    """Steps in units of the weight itself: the recent step size over the recent gradient size, times g.

        s <- rho s + (1 - rho) g^2
        d = sqrt(u + eps) / sqrt(s + eps) g,   step = -lr d
        u <- rho u + (1 - rho) d^2

    Needs no rate (lr stays at 1), but starts with tiny steps of about sqrt(eps) and gathers speed slowly.

    Source: Zeiler 2012, arXiv:1212.5701, Algorithm 1; eps and u before lr, as torch.
    """

    lr: float = setting(1.0, "scales every step; the paper has none", ge=0, search={"log": [0.1, 10.0]})
    rho: float = setting(0.9, "memory of the squares of gradient and step", ge=0, lt=1)
    eps: float = setting(1e-6, "sets the size of the first steps", gt=0)
    buffers: ClassVar[tuple[str, ...]] = ("s", "u")

    def update(self, m: OptimizerState) -> None:
        """Step = -lr d, d = sqrt(u + eps) / sqrt(s + eps) g."""
        s, u, d, tmp = m.buffers["s"], m.buffers["u"], m.step, m.tmp
        s *= self.rho
        np.multiply(m.g, m.g, out=tmp)
        tmp *= 1 - self.rho
        s += tmp
        np.add(u, self.eps, out=d)
        np.add(s, self.eps, out=tmp)
        d /= tmp
        np.sqrt(d, out=d)
        d *= m.g
        u *= self.rho
        np.multiply(d, d, out=tmp)
        tmp *= 1 - self.rho
        u += tmp
        d *= -m.lr
