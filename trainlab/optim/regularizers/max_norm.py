"""Max norm: the weights that feed one unit have a limited norm."""

from typing import Any, ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array
from trainlab.optim.regularizer import Regularizer


class MaxNorm(Regularizer, name="max_norm"):
    """After each step, the weights that feed a unit are scaled down to norm `limit` if theirs is larger: |w| <= limit.

    Keeps a run with a high learning rate from exploding; typical limits are 3 or 4. Often used with dropout.

    Source: Srebro et al. 2005; Srivastava et al. 2014, section 5.1; CS231n, "Neural Networks Part 2".

    >>> W = np.array([[3.0, 0.3], [4.0, 0.4]])  # two units of two inputs
    >>> MaxNorm(limit=1.0).constrain(W); W
    array([[0.6, 0.3],
           [0.8, 0.4]])
    """

    constrains: ClassVar[bool] = True

    limit: float = setting("maximum Euclidean norm of the weights that feed one unit", gt=0)

    def penalty(self, w: Array) -> float:
        """0: a constraint adds nothing to the loss."""
        return 0.0

    def add_gradient(self, w: Array, g: Array) -> None:
        """Nothing: a constraint has no gradient."""

    def constrain(self, W: Array) -> None:
        """W *= min(1, limit / |w|) for each unit."""
        units = W.reshape(-1, W.shape[-1])
        norms = np.linalg.norm(units, axis=0)
        if norms.size and norms.max() > self.limit:
            W[...] = W * (self.limit / np.maximum(norms, self.limit))

    def torch_constrain(self, torch: Any, W: Any) -> None:
        """`constrain` in PyTorch."""
        norms = torch.linalg.vector_norm(W.flatten(0, -2), dim=0)
        W.mul_(self.limit / norms.clamp(min=self.limit))
