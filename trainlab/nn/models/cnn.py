"""CNN: blocks of convolution, norm, activation and pooling, then dense layers."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from trainlab.core.component import setting
from trainlab.core.errors import ShapeError
from trainlab.core.types import Count, Shape
from trainlab.nn.activation import Activation
from trainlab.nn.activations.relu import ReLU
from trainlab.nn.layer import Layer
from trainlab.nn.layers.batch_norm import BatchNorm
from trainlab.nn.layers.conv import Conv
from trainlab.nn.layers.dense import Dense
from trainlab.nn.layers.flatten import Flatten
from trainlab.nn.layers.layer_norm import LayerNorm
from trainlab.nn.layers.max_pool import MaxPool
from trainlab.nn.model import Model
from trainlab.nn.models.mlp import dropped


class CNN(Model, name="cnn"):
    """Convolutional network: for each entry of `filters` conv, norm, activation, pool; then flatten and an MLP.

    Every conv keeps the image's size (`pad: same`), every pool halves it, rounding up. Before a batch norm, conv and
    dense layers have no bias.

    Source: CS231n, "Convolutional Networks" (layer patterns); LeCun et al. 1998.
    """

    first = "filters"

    filters: list[Count] = setting([32, 64], "filters of each block's conv", min_length=1)
    hidden: list[Count] = setting([100], "units of the dense layers before the output", max_length=1000)
    size: Count = setting(3, "height and width of each filter")
    convs: Count = setting(1, "conv-norm-activation groups before each pool")
    pool: int = setting(2, "size of the max pool that ends a block; 1 for none", ge=1)
    activation: Activation = setting(ReLU(), "after each conv and each hidden dense layer")
    norm: Literal["batch", "layer", "none"] = setting("none", "before each activation")
    dropout: Annotated[float, Field(ge=0, lt=1)] | Layer = setting(
        0.0, "after each hidden dense layer's activation: the fraction that is dropped, or a dropout layer"
    )
    output_activation: Activation | None = setting(None, "after the last layer; null: none, as every loss expects")

    def expand(self, shape: Shape) -> Sequence[Layer]:
        """The layers for an input of this shape. Raises ShapeError if it is not an image."""
        if len(shape) != 3:
            raise ShapeError(f"cnn takes images (height, width, channels), not {shape}; use `mlp` for rows of numbers")
        bias = self.norm != "batch"
        layers: list[Layer] = []
        for filters in self.filters:
            for _ in range(self.convs):
                layers += [Conv(filters=filters, size=self.size, bias=bias), *self._norm(), self.activation]
            if self.pool > 1:
                layers.append(MaxPool(size=self.pool, pad="same"))
        layers.append(Flatten())
        for units in self.hidden:
            layers += [Dense(units=units, bias=bias), *self._norm(), self.activation, *dropped(self.dropout)]
        layers.append(Dense(units="output"))
        return layers if self.output_activation is None else [*layers, self.output_activation]

    def _norm(self) -> list[Layer]:
        if self.norm == "none":
            return []
        return [BatchNorm() if self.norm == "batch" else LayerNorm()]
