"""Nesterov: momentum with a look-ahead."""

from typing import Any

from trainlab.optim.optimizer import OptimizerState
from trainlab.optim.optimizers.momentum import Momentum


class Nesterov(Momentum, name="nesterov"):
    """v <- mu v + g, step = -lr (g + mu v): momentum with the gradient at the point where the velocity leads.

    It slows down earlier than `momentum` before a rising slope, so mu can be slightly larger.

    Source: Nesterov 1983; Sutskever et al. 2013, in the form of Bengio et al. 2013 (arXiv:1212.0901) that theta itself
    is the point ahead, as torch does with `nesterov=True`.
    """

    def update(self, state: OptimizerState) -> None:
        """step = -lr (g + mu v)."""
        v = self.velocity(state)
        state.step[...] = -state.lr * (state.g + self.momentum * v)

    def torch(self, torch: Any, state: OptimizerState) -> None:
        """`update` in PyTorch."""
        v: Any = state.buffers["v"]
        v.mul_(self.momentum).add_(state.g)
        torch.add(state.g, v, alpha=self.momentum, out=state.step).mul_(-state.lr)
