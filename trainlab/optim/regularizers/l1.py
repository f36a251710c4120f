"""L1: weights that are not needed go to zero."""

from typing import Any, ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array
from trainlab.optim.regularizer import Regularizer


class L1(Regularizer, name="l1"):
    """strength sum |w| is added to the loss, so strength sign(w) to the gradient (0 where w is 0).

    Pulls every weight towards zero with the same force, however small it is: useless weights end near zero and
    oscillate around it by about lr strength. Together with `l2`: elastic net.

    Source: Tibshirani 1996; CS231n, "Neural Networks Part 2", regularization.

    >>> L1(strength=0.1).penalty(np.array([3.0, -4.0]))
    0.7000000000000001
    """

    penalizes: ClassVar[bool] = True

    strength: float = setting("weight of the penalty", ge=0, search={"log": [1e-7, 1e-2]})

    def penalty(self, w: Array) -> float:
        """strength sum |w|."""
        return self.strength * float(np.abs(w).sum())

    def add_gradient(self, w: Array, g: Array) -> None:
        """g += strength sign(w)."""
        g += self.strength * np.sign(w)

    def constrain(self, W: Array) -> None:
        """Nothing: a penalty sets no limit."""

    def torch_gradient(self, torch: Any, w: Any, g: Any) -> None:
        """`add_gradient` in PyTorch."""
        g.add_(torch.sign(w), alpha=self.strength)
