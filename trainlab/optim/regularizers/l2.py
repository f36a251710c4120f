"""L2: many small weights rather than a few large ones."""

from typing import Any, ClassVar

import numpy as np

from trainlab.core.component import setting
from trainlab.core.types import Array
from trainlab.optim.regularizer import Regularizer


class L2(Regularizer, name="l2"):
    """0.5 strength |w|^2 is added to the loss, so strength w to the gradient (torch's `weight_decay` in SGD).

    If it is too strong, the data loss stops falling; if it is too weak, the network memorizes its training set.

    Source: CS231n, "Neural Networks Part 2", regularization.

    >>> L2(strength=0.1).penalty(np.array([3.0, 4.0]))
    1.25
    """

    penalizes: ClassVar[bool] = True

    strength: float = setting("weight of the penalty", ge=0, search={"log": [1e-7, 1e-1]})

    def penalty(self, w: Array) -> float:
        """0.5 strength |w|^2."""
        return 0.5 * self.strength * float(np.dot(w, w))

    def add_gradient(self, w: Array, g: Array) -> None:
        """g += strength w."""
        g += self.strength * w

    def constrain(self, W: Array) -> None:
        """Nothing: a penalty sets no limit."""

    def torch_gradient(self, torch: Any, w: Any, g: Any) -> None:
        """`add_gradient` in PyTorch."""
        g.add_(w, alpha=self.strength)
