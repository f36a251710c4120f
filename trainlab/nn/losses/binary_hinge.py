"""Binary hinge: the support vector machine of one class against the rest."""

from typing import Any

import numpy as np

from trainlab.core.types import Array
from trainlab.nn.losses._signs import SignLoss


class BinaryHinge(SignLoss, name="binary_hinge"):
    """The mean over rows and outputs of max(0, 1 - t y), t = +1 for the right class, -1 for the others.

    `hinge` compares the classes with each other instead, which usually learns better with more than two of them. Its
    outputs are scores, not probabilities.

    Source: Cortes & Vapnik 1995, "Support-vector networks"; Keras, `losses.Hinge`.
    """

    def cost(self, margin: Array) -> tuple[Array, Array]:
        """max(0, 1 - margin)."""
        return np.maximum(1 - margin, 0), -(margin < 1).astype(margin.dtype)

    def torch_cost(self, torch: Any, margin: Any) -> Any:
        """`cost` in PyTorch."""
        return torch.relu(1 - margin)

    def least(self, share: Array) -> Array:
        """Of the constant +-1 of the more frequent sign: 2 for each row of the other."""
        return 2 * np.minimum(share, 1 - share)
