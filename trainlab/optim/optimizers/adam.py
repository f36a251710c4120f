"""Adam: the default optimizer."""

from typing import Any

from trainlab.optim.optimizer import OptimizerState
from trainlab.optim.optimizers._moments import Moments


class Adam(Moments, name="adam"):
    """Steps of about lr for each weight, whatever the size of its gradient.

        m <- b1 m + (1 - b1) g          mean of the gradient
        v <- b2 v + (1 - b2) g^2        mean of its square
        step = -lr m_hat / (sqrt(v_hat) + eps),   m_hat = m / (1 - b1^t), v_hat = v / (1 - b2^t)

    Works at its default learning rate on most networks. With `l2` the penalty is divided by sqrt(v) too; `adamw`
    keeps the decay separate.

    Source: Kingma & Ba 2015, arXiv:1412.6980, Algorithm 1 (eps outside the root and after the bias correction, as in
    torch and optax; scikit-learn adds it before the correction).
    """

    def update(self, state: OptimizerState) -> None:
        """step = -lr m_hat / (sqrt(v_hat) + eps)."""
        m, v = self.moments(state)
        m_hat = m / (1 - self.b1**state.t)
        state.step[...] = -state.lr * m_hat / self.denominator(v, state.t)

    def torch(self, torch: Any, state: OptimizerState) -> None:
        """`update` in PyTorch."""
        m, below = self.torch_moments(torch, state)
        torch.div(m, below, out=state.step).mul_(-state.lr / (1 - self.b1**state.t))
