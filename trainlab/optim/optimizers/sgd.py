"""SGD: stochastic gradient descent."""

from typing import Any

from trainlab.core.component import setting
from trainlab.optim.optimizer import Optimizer, OptimizerState


class SGD(Optimizer, name="sgd"):
    """step = -lr g. The simplest rule, and the baseline for all others.

    Slow along flat directions and unstable along steep ones: `momentum` costs one vector and improves both.

    Source: Robbins & Monro 1951; CS231n, "Neural Networks Part 3", vanilla update.
    """

    lr: float = setting(0.01, "learning rate: scales every step", ge=0, search={"log": [1e-4, 1.0]})

    def update(self, state: OptimizerState) -> None:
        """step = -lr g."""
        state.step[...] = -state.lr * state.g

    def torch(self, torch: Any, state: OptimizerState) -> None:
        """`update` in PyTorch."""
        torch.mul(state.g, -state.lr, out=state.step)
