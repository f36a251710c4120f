"""The running means of the gradient and of its square, which `adam`, `adamw` and `nadam` share."""

from typing import Any, ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array
from trainlab.optim.optimizer import Optimizer, OptimizerState


class Moments(Optimizer):
    """Keeps m, the mean of the gradient, and v, the mean of its square, as Kingma & Ba (2015) define them."""

    lr: float = setting(0.001, "learning rate: about the size of every step", ge=0, search={"log": [1e-5, 1e-1]})
    b1: float = setting(0.9, "decay rate of the gradient's running mean", ge=0, lt=1)
    b2: float = setting(0.999, "decay rate of the squared gradient's running mean", ge=0, lt=1)
    eps: float = setting(1e-8, "added to the denominator; a larger value damps steps where gradients are small", gt=0)
    buffers: ClassVar[tuple[str, ...]] = ("m", "v")

    def moments(self, state: OptimizerState) -> tuple[Array, Array]:
        """Update m and v in place and return them: m <- b1 m + (1 - b1) g, v <- b2 v + (1 - b2) g^2."""
        m, v, g = state.buffers["m"], state.buffers["v"], state.g
        m *= self.b1
        m += (1 - self.b1) * g
        v *= self.b2
        v += (1 - self.b2) * g**2
        return m, v

    def denominator(self, v: Array, t: int) -> Array:
        """sqrt(v_hat) + eps, with v_hat = v / (1 - b2^t)."""
        return np.sqrt(v / (1 - self.b2**t)) + self.eps

    def torch_moments(self, torch: Any, state: OptimizerState) -> tuple[Any, Any]:
        """`moments` and `denominator` in PyTorch: m, and the denominator in the memory of the step."""
        m: Any = state.buffers["m"]
        v: Any = state.buffers["v"]
        m.lerp_(state.g, 1 - self.b1)
        v.mul_(self.b2).addcmul_(state.g, state.g, value=1 - self.b2)
        root = torch.sqrt(v, out=state.step)
        return m, root.mul_((1 - self.b2**state.t) ** -0.5).add_(self.eps)

    def convert_version_1(self, buffers: dict[str, Array]) -> None:
        """Version 1 stored m / (1 - b1) and v / (1 - b2)."""
        buffers["m"] *= 1 - self.b1
        buffers["v"] *= 1 - self.b2
