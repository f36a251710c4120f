"""RMSprop: each weight has its own learning rate, from its recent gradients."""

from typing import Any, ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array
from trainlab.optim.optimizer import Optimizer, OptimizerState


class RMSprop(Optimizer, name="rmsprop"):
    """s <- rho s + (1 - rho) g^2, step = -lr g / (sqrt(s) + eps): gradients divided by their recent size.

    Like `adagrad`, with a running mean instead of a sum. s starts at zero, so the first steps are up to
    1 / sqrt(1 - rho) = 10 times lr; `adam` corrects that.

    Source: Tieleman & Hinton 2012, Coursera lecture 6.5. eps outside the root, as torch (TensorFlow has it inside).
    """

    lr: float = setting(0.001, "learning rate: about the size of every step", ge=0, search={"log": [1e-5, 1e-1]})
    rho: float = setting(0.99, "decay rate of the squared gradient's running mean", ge=0, lt=1)
    eps: float = setting(1e-8, "keeps the division finite", gt=0)
    buffers: ClassVar[tuple[str, ...]] = ("s",)

    def update(self, state: OptimizerState) -> None:
        """s <- rho s + (1 - rho) g^2, step = -lr g / (sqrt(s) + eps)."""
        s = state.buffers["s"]
        s *= self.rho
        s += (1 - self.rho) * state.g**2
        state.step[...] = -state.lr * state.g / (np.sqrt(s) + self.eps)

    def torch(self, torch: Any, state: OptimizerState) -> None:
        """`update` in PyTorch."""
        s: Any = state.buffers["s"]
        s.mul_(self.rho).addcmul_(state.g, state.g, value=1 - self.rho)
        below = torch.sqrt(s, out=state.step).add_(self.eps)
        torch.div(state.g, below, out=state.step).mul_(-state.lr)

    def convert_version_1(self, buffers: dict[str, Array]) -> None:
        """Version 1 stored s / (1 - rho)."""
        buffers["s"] *= 1 - self.rho
