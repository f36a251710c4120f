"""Sequential: the layers one by one."""

from collections.abc import Sequence

from trainlab.core.component import setting
from trainlab.core.types import Shape
from trainlab.nn.layer import Layer
from trainlab.nn.model import Model


class Sequential(Model, name="sequential"):
    """A list of layers; each takes the output of the one before. `dense: output` has as many units as the task needs.

    Source: the plain feed-forward network of any textbook.
    """

    first = "layers"

    layers: list[Layer] = setting("the layers, first to last", min_length=1, max_length=1000)

    def expand(self, shape: Shape) -> Sequence[Layer]:
        """The layers as they are."""
        return self.layers
