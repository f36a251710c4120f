"""AdamW: Adam whose weight decay is kept apart from the gradient."""

from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.optim.optimizer import Optimizer, OptimizerState
from trainlab.optim.optimizers import _moments


class AdamW(Optimizer, name="adamw"):
    """step = (step of `adam`) - lr weight_decay w: every weight shrinks at the same rate.

    With an L2 penalty in Adam, weights with large gradients are hardly decayed; here they all are. Biases, scales and
    shifts are not decayed. Leave `regularization.l2` at 0, or weights are shrunk twice.

    Source: Loshchilov & Hutter 2019, arXiv:1711.05101, Algorithm 2; the decay is multiplied by lr, as torch does.
    """

    lr: float = setting(0.001, "learning rate: about the size of every step", ge=0, search={"log": [1e-5, 1e-1]})
    b1: float = setting(0.9, "memory of the gradient's mean", ge=0, lt=1)
    b2: float = setting(0.999, "memory of its square", ge=0, lt=1)
    eps: float = setting(1e-8, "keeps the division finite; larger damps rare gradients", gt=0)
    weight_decay: float = setting(
        0.01, "share of each weight that is lost in a step, times lr", ge=0, search={"log": [1e-4, 1.0]}
    )
    buffers: ClassVar[tuple[str, ...]] = ("m", "v")

    def update(self, m: OptimizerState) -> None:
        """step = -lr m_hat / (sqrt(v_hat) + eps), and -lr weight_decay w more for the weights."""
        _moments.update(m, self.b1, self.b2)
        _moments.step(m, self.b1, self.b2, self.eps)
        decayed = m.tmp[: m.weights]
        np.multiply(m.theta[: m.weights], -m.lr * self.weight_decay, out=decayed)
        weights = m.step[: m.weights]
        weights += decayed
