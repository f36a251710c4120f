"""Momentum: SGD with a velocity."""

from typing import Any, ClassVar

from trainlab.core.component import setting
from trainlab.core.types import Array
from trainlab.optim.optimizer import Optimizer, OptimizerState


class Momentum(Optimizer, name="momentum"):
    """v <- mu v + g, step = -lr v: gradients that agree add up, gradients that alternate cancel.

    In a constant direction a step is 1 / (1 - mu) times that of `sgd`: ten times at 0.9, a thousand times at 0.999,
    where the weights overshoot and oscillate.

    Source: Polyak 1964; Sutskever et al. 2013. As torch: lr is outside v, so a change of lr acts at once (CS231n's
    v <- mu v - lr g is the same while lr is constant).
    """

    lr: float = setting(0.01, "learning rate: scales every step", ge=0, search={"log": [1e-4, 1.0]})
    momentum: float = setting(
        0.9, "mu: fraction of the velocity that each step keeps", ge=0, lt=1, search={"uniform": [0.5, 0.99]}
    )
    buffers: ClassVar[tuple[str, ...]] = ("v",)

    def update(self, state: OptimizerState) -> None:
        """step = -lr v."""
        state.step[...] = -state.lr * self.velocity(state)

    def velocity(self, state: OptimizerState) -> Array:
        """Update v in place and return it: v <- mu v + g."""
        v = state.buffers["v"]
        v *= self.momentum
        v += state.g
        return v

    def torch(self, torch: Any, state: OptimizerState) -> None:
        """`update` in PyTorch."""
        v: Any = state.buffers["v"]
        torch.mul(v.mul_(self.momentum).add_(state.g), -state.lr, out=state.step)
