"""SGD: straight down the gradient."""

from trainlab.core.component import setting
from trainlab.optim.optimizer import Optimizer, OptimizerState


class SGD(Optimizer, name="sgd"):
    """step = -lr g. The simplest rule, and the base line of all others.

    Slow along flat directions and shaky along steep ones: `momentum` costs one vector and mends much of it.

    Source: Robbins & Monro 1951; CS231n, "Neural Networks Part 3", vanilla update.
    """

    lr: float = setting(0.01, "learning rate: scales every step", ge=0, search={"log": [1e-4, 1.0]})

    def update(self, state: OptimizerState) -> None:
        """step = -lr g."""
        state.step[...] = -state.lr * state.g
