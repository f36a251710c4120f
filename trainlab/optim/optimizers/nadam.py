"""NAdam: Adam that looks ahead, as `nesterov` does for `momentum`."""

from math import exp, expm1, log
from typing import ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.optim.optimizer import Optimizer, OptimizerState
from trainlab.optim.optimizers import _moments


class NAdam(Optimizer, name="nadam"):
    """Adam whose mean already counts the present gradient as the next step would.

        mu_t = b1 (1 - 0.5 * 0.96^(t momentum_decay))          the mean's memory, growing from b1 / 2 to b1
        step = -lr (mu_(t+1) m / (1 - mu_1 ... mu_(t+1)) + (1 - mu_t) g / (1 - mu_1 ... mu_t)) / (sqrt(v_hat) + eps)

    m, v and v_hat as in `adam`. Often a little faster in the first epochs.

    Source: Dozat 2016, "Incorporating Nesterov Momentum into Adam", as torch does it.
    """

    lr: float = setting(0.002, "learning rate: about the size of every step", ge=0, search={"log": [1e-5, 1e-1]})
    b1: float = setting(0.9, "memory of the gradient's mean", ge=0, lt=1)
    b2: float = setting(0.999, "memory of its square", ge=0, lt=1)
    eps: float = setting(1e-8, "keeps the division finite; larger damps rare gradients", gt=0)
    momentum_decay: float = setting(0.004, "how fast mu grows from b1 / 2 to b1", ge=0)
    buffers: ClassVar[tuple[str, ...]] = ("m", "v")

    def update(self, m: OptimizerState) -> None:
        """Step = -lr (ahead m + now g) / (sqrt(v_hat) + eps)."""
        _moments.update(m, self.b1, self.b2)
        product = self._product(m.t)
        mu, mu_next = self._mu(m.t), self._mu(m.t + 1)
        ahead = mu_next * (1 - self.b1) / (1 - product * mu_next)
        now = (1 - mu) / (1 - product)
        np.multiply(m.buffers["m"], ahead / now, out=m.step)
        m.step += m.g
        _moments.root(m, self.b2, self.eps)
        m.step /= m.tmp
        m.step *= -m.lr * now * _moments.scale(m, self.b2)

    def _mu(self, t: int) -> float:
        return self.b1 * (1 - 0.5 * 0.96 ** (t * self.momentum_decay))

    def _product(self, t: int) -> float:
        """mu_1 ... mu_t without a loop over t, from log(1 - x) = -sum_k x^k / k with x = 0.5 q^i.

        The sum over i = 1 ... t of q^(k i) is geometric; 50 terms are exact in float64.
        """
        if self.b1**t < 1e-20:  # nothing that 1 - product would feel
            return 0.0
        a = -self.momentum_decay * log(0.96)  # q = exp(-a)
        terms = (0.5**k / k * (exp(-a * k) * expm1(-a * k * t) / expm1(-a * k) if a else t) for k in range(1, 51))
        return self.b1**t * exp(-sum(terms))
