"""Nesterov: momentum that looks ahead."""

from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.optim.optimizer import Optimizer, OptimizerState


class Nesterov(Optimizer, name="nesterov"):
    """v <- mu v + g, step = -lr (g + mu v): momentum whose gradient counts where the roll will have led.

    Brakes earlier than `momentum` before a rising slope, so it bears a slightly larger mu.

    Source: Nesterov 1983; Sutskever et al. 2013, in the form of Bengio et al. 2013 (arXiv:1212.0901) that theta itself
    is the point ahead, as torch does with `nesterov=True`.
    """

    lr: float = setting(0.01, "learning rate: scales every step", ge=0, search={"log": [1e-4, 1.0]})
    momentum: float = setting(
        0.9, "mu: share of the velocity that is kept", ge=0, lt=1, search={"uniform": [0.5, 0.99]}
    )
    buffers: ClassVar[tuple[str, ...]] = ("v",)

    def update(self, m: OptimizerState) -> None:
        """v <- mu v + g, step = -lr (g + mu v)."""
        v = m.buffers["v"]
        v *= self.momentum
        v += m.g
        np.multiply(v, self.momentum, out=m.step)
        m.step += m.g
        m.step *= -m.lr
