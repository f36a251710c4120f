"""Adadelta: Adagrad with running means, and without a learning rate to tune."""

from typing import Any, ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.optim.optimizer import Optimizer, OptimizerState


class Adadelta(Optimizer, name="adadelta"):
    """Steps in units of the weight: the recent step size over the recent gradient size, times g.

        s <- rho s + (1 - rho) g^2
        d = sqrt(u + eps) / sqrt(s + eps) g,   step = -lr d
        u <- rho u + (1 - rho) d^2

    It needs no learning rate (lr stays at 1), but starts with tiny steps of about sqrt(eps) and accelerates slowly.

    Source: Zeiler 2012, arXiv:1212.5701, Algorithm 1; eps and u before lr, as torch.
    """

    lr: float = setting(1.0, "scales every step; the paper has none", ge=0, search={"log": [0.1, 10.0]})
    rho: float = setting(0.9, "decay rate of the running means of squared gradient and squared step", ge=0, lt=1)
    eps: float = setting(1e-6, "determines the size of the first steps", gt=0)
    buffers: ClassVar[tuple[str, ...]] = ("s", "u")

    def update(self, state: OptimizerState) -> None:
        """step = -lr d, d = sqrt(u + eps) / sqrt(s + eps) g."""
        s, u, g = state.buffers["s"], state.buffers["u"], state.g
        s *= self.rho
        s += (1 - self.rho) * g**2
        d = np.sqrt((u + self.eps) / (s + self.eps)) * g
        u *= self.rho
        u += (1 - self.rho) * d**2
        state.step[...] = -state.lr * d

    def torch(self, torch: Any, state: OptimizerState) -> None:
        """`update` in PyTorch."""
        s: Any = state.buffers["s"]
        u: Any = state.buffers["u"]
        s.mul_(self.rho).addcmul_(state.g, state.g, value=1 - self.rho)
        d = ((u + self.eps) / (s + self.eps)).sqrt_().mul_(state.g)
        u.mul_(self.rho).addcmul_(d, d, value=1 - self.rho)
        torch.mul(d, -state.lr, out=state.step)
