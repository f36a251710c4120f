"""Adam: the default optimizer."""

from typing import ClassVar

from trainlab.core.component import setting
from trainlab.optim.optimizer import Optimizer, OptimizerState
from trainlab.optim.optimizers import _moments


class Adam(Optimizer, name="adam"):
    """Steps of about lr for each weight, whatever the size of its gradient.

        m <- b1 m + (1 - b1) g          mean of the gradient
        v <- b2 v + (1 - b2) g^2        mean of its square
        step = -lr m_hat / (sqrt(v_hat) + eps),   m_hat = m / (1 - b1^t), v_hat alike

    Works at its default rate on most networks. With `l2` the penalty is divided by sqrt(v) too: `adamw` decays apart.

    Source: Kingma & Ba 2015, arXiv:1412.6980, Algorithm 1 (eps outside the root and after the bias correction, as
    torch and optax do; scikit-learn adds it before the correction).
    """

    lr: float = setting(0.001, "learning rate: about the size of every step", ge=0, search={"log": [1e-5, 1e-1]})
    b1: float = setting(0.9, "memory of the gradient's mean", ge=0, lt=1)
    b2: float = setting(0.999, "memory of its square", ge=0, lt=1)
    eps: float = setting(1e-8, "keeps the division finite; larger damps rare gradients", gt=0)
    buffers: ClassVar[tuple[str, ...]] = ("m", "v")

    def update(self, m: OptimizerState) -> None:
        """step = -lr m_hat / (sqrt(v_hat) + eps)."""
        _moments.update(m, self.b1, self.b2)
        _moments.step(m, self.b1, self.b2, self.eps)
