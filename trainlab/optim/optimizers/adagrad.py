"""Adagrad: each weight has its own learning rate, which only falls."""

from typing import Any, ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.optim.optimizer import Optimizer, OptimizerState


class Adagrad(Optimizer, name="adagrad"):
    """s <- s + g^2, step = -lr g / (sqrt(s) + eps): weights that have moved far move less.

    Good for rare features. The sum only grows, so on long runs every rate goes to zero; `rmsprop` uses a running mean.

    Source: Duchi, Hazan & Singer 2011. As torch without `lr_decay` (use a schedule), with s = 0 at the start.
    """

    lr: float = setting(0.01, "learning rate: the size of the first step", ge=0, search={"log": [1e-4, 1.0]})
    eps: float = setting(1e-10, "keeps the division finite", gt=0)
    buffers: ClassVar[tuple[str, ...]] = ("s",)

    def update(self, state: OptimizerState) -> None:
        """s <- s + g^2, step = -lr g / (sqrt(s) + eps)."""
        s = state.buffers["s"]
        s += state.g**2
        state.step[...] = -state.lr * state.g / (np.sqrt(s) + self.eps)

    def torch(self, torch: Any, state: OptimizerState) -> None:
        """`update` in PyTorch."""
        s: Any = state.buffers["s"]
        s.addcmul_(state.g, state.g)
        below = torch.sqrt(s, out=state.step).add_(self.eps)
        torch.div(state.g, below, out=state.step).mul_(-state.lr)
