"""Squared hinge: a hinge without a kink."""

from typing import Any

import numpy as np

from trainlab.core.types import Array
from trainlab.nn.losses._signs import SignLoss


class SquaredHinge(SignLoss, name="squared_hinge"):
    """The mean over rows and outputs of max(0, 1 - t y)^2, t = +1 for the right class, -1 for the others.

    As `binary_hinge`, but smooth, and large errors count more. Its outputs are scores, not probabilities.

    Source: Tang 2013, "Deep learning using linear support vector machines", arXiv:1306.0239; Keras,
    `losses.SquaredHinge`.
    """

    def cost(self, margin: Array) -> tuple[Array, Array]:
        """max(0, 1 - margin)^2."""
        over = np.maximum(1 - margin, 0)
        return over**2, -2 * over

    def torch_cost(self, torch: Any, margin: Any) -> Any:
        """`cost` in PyTorch."""
        return torch.relu(1 - margin) ** 2

    def least(self, share: Array) -> Array:
        """Of the constant 2 share - 1."""
        return 4 * share * (1 - share)
