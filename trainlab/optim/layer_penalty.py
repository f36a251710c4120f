"""Penalties on the weights of single layers, besides those on all weights.

`regularization.l2_by_layer` and `l1_by_layer` make it; a config cannot name it among the regularizers.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from trainlab.core.types import Array
from trainlab.optim.regularizer import Regularization, Regularizer


class LayerPenalty(Regularizer, name="layer_penalty"):
    """0.5 l2 |w|^2 + l1 sum |w| for parts of the flat vector of weights: (first, behind the last, l2, l1) of each."""

    penalizes: ClassVar[bool] = True

    parts: list[tuple[int, int, float, float]]

    def penalty(self, w: Array) -> float:
        """The sum over the parts."""
        return sum(
            0.5 * l2 * float(np.dot(w[a:b], w[a:b])) + l1 * float(np.abs(w[a:b]).sum()) for a, b, l2, l1 in self.parts
        )

    def add_gradient(self, w: Array, g: Array) -> None:
        """g += l2 w + l1 sign(w), in each part."""
        for a, b, l2, l1 in self.parts:
            g[a:b] += l2 * w[a:b] + l1 * np.sign(w[a:b])

    def constrain(self, W: Array) -> None:
        """Nothing: a penalty sets no limit."""

    def torch_gradient(self, torch: Any, w: Any, g: Any) -> None:
        """`add_gradient` in PyTorch."""
        for a, b, l2, l1 in self.parts:
            g[a:b].add_(w[a:b], alpha=l2).add_(torch.sign(w[a:b]), alpha=l1)


def layer_penalty(settings: Regularization, places: Mapping[str, list[slice]]) -> list[Regularizer]:
    """The penalty on single layers in a list, empty if there is none. places: the weights of each layer by its name."""
    names = [*settings.l2_by_layer, *(name for name in settings.l1_by_layer if name not in settings.l2_by_layer)]
    parts = [
        (place.start, place.stop, settings.l2_by_layer.get(name, 0.0), settings.l1_by_layer.get(name, 0.0))
        for name in names
        for place in places[name]
    ]
    return [LayerPenalty(parts=parts)] if parts else []
