"""Adamax: Adam with the largest recent gradient in place of the root of the mean square."""

from typing import Any, ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.optim.optimizer import Optimizer, OptimizerState


class Adamax(Optimizer, name="adamax"):
    """Steps of at most about lr for each weight, by the largest gradient that it has had lately.

        m <- b1 m + (1 - b1) g
        u <- max(b2 u, |g| + eps)
        step = -lr / (1 - b1^t) m / u

    One large gradient keeps the steps after it small for about 1 / (1 - b2) steps, which suits sparse gradients.

    Source: Kingma & Ba 2015, arXiv:1412.6980, Algorithm 2, with eps as in torch.
    """

    lr: float = setting(0.002, "learning rate: about the size of every step", ge=0, search={"log": [1e-5, 1e-1]})
    b1: float = setting(0.9, "decay rate of the gradient's running mean", ge=0, lt=1)
    b2: float = setting(0.999, "decay rate of the largest gradient", ge=0, lt=1)
    eps: float = setting(1e-8, "added to |g|, so that nothing is divided by 0", gt=0)
    buffers: ClassVar[tuple[str, ...]] = ("m", "u")

    def update(self, state: OptimizerState) -> None:
        """step = -lr / (1 - b1^t) m / u."""
        m, u, g = state.buffers["m"], state.buffers["u"], state.g
        m *= self.b1
        m += (1 - self.b1) * g
        np.maximum(self.b2 * u, np.abs(g) + self.eps, out=u)
        state.step[...] = (-state.lr / (1 - self.b1**state.t)) * m / u

    def torch(self, torch: Any, state: OptimizerState) -> None:
        """`update` in PyTorch."""
        m: Any = state.buffers["m"]
        u: Any = state.buffers["u"]
        m.lerp_(state.g, 1 - self.b1)
        torch.maximum(u * self.b2, torch.abs(state.g) + self.eps, out=u)
        torch.div(m, u, out=state.step).mul_(-state.lr / (1 - self.b1**state.t))
