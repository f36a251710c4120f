"""NAdam: Adam with Nesterov's look-ahead, as `nesterov` is to `momentum`."""

from math import exp, expm1, log
from typing import Any

from trainlab.core.component import setting
from trainlab.optim.optimizer import OptimizerState
from trainlab.optim.optimizers._moments import Moments


class NAdam(Moments, name="nadam"):
    """Adam whose mean already weights the current gradient as the next step would.

        mu_t = b1 (1 - 0.5 * 0.96^(t momentum_decay))          the decay rate, growing from b1 / 2 to b1
        step = -lr (mu_(t+1) m / (1 - mu_1 ... mu_(t+1)) + (1 - mu_t) g / (1 - mu_1 ... mu_t)) / (sqrt(v_hat) + eps)

    m, v and v_hat as in `adam`. Often a little faster in the first epochs.

    Source: Dozat 2016, "Incorporating Nesterov Momentum into Adam", as torch does it.
    """

    lr: float = setting(0.002, "learning rate: about the size of every step", ge=0, search={"log": [1e-5, 1e-1]})
    momentum_decay: float = setting(0.004, "how fast mu grows from b1 / 2 to b1", ge=0)

    def update(self, state: OptimizerState) -> None:
        """step = -lr (ahead m + now g) / (sqrt(v_hat) + eps)."""
        m, v = self.moments(state)
        ahead, now = self._shares(state.t)
        state.step[...] = -state.lr * (ahead * m + now * state.g) / self.denominator(v, state.t)

    def _shares(self, t: int) -> tuple[float, float]:
        """The factors `ahead` of m and `now` of g."""
        mu_next, product = self._mu(t + 1), self._product(t)
        return mu_next / (1 - product * mu_next), (1 - self._mu(t)) / (1 - product)

    def torch(self, torch: Any, state: OptimizerState) -> None:
        """`update` in PyTorch."""
        m, below = self.torch_moments(torch, state)
        ahead, now = self._shares(state.t)
        torch.div(m * ahead + state.g * now, below, out=state.step).mul_(-state.lr)

    def _mu(self, t: int) -> float:
        return self.b1 * (1 - 0.5 * 0.96 ** (t * self.momentum_decay))

    def _product(self, t: int) -> float:
        """mu_1 ... mu_t without a loop over t, from log(1 - x) = -sum_k x^k / k with x = 0.5 q^i.

        The sum over i = 1 ... t of q^(k i) is geometric; 50 terms are exact in float64.
        """
        if self.b1**t < 1e-20:  # 1 - product is 1 in float64
            return 0.0
        a = -self.momentum_decay * log(0.96)  # q = exp(-a)
        terms = (0.5**k / k * (exp(-a * k) * expm1(-a * k * t) / expm1(-a * k) if a else t) for k in range(1, 51))
        return self.b1**t * exp(-sum(terms))
