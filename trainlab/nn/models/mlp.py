"""MLP: dense layers with activations between them."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from trainlab.core.component import setting
from trainlab.core.types import Count, Shape
from trainlab.nn.activation import Activation
from trainlab.nn.activations.relu import ReLU
from trainlab.nn.layer import Layer
from trainlab.nn.layers.batch_norm import BatchNorm
from trainlab.nn.layers.dense import Dense
from trainlab.nn.layers.dropout import Dropout
from trainlab.nn.layers.flatten import Flatten
from trainlab.nn.layers.layer_norm import LayerNorm
from trainlab.nn.model import Model


class MLP(Model, name="mlp"):
    """Multilayer perceptron: for each hidden size dense, norm, activation, dropout; then a dense output layer.

    Images are flattened first. Before a batch norm, dense layers have no bias: the norm's shift replaces it.

    Source: any textbook; CS231n, "Neural Networks Part 1".
    """

    first = "hidden"

    hidden: list[Count] = setting([128, 64], "units of each hidden layer; empty for a linear model", max_length=1000)
    activation: Activation = setting(ReLU(), "after each hidden layer")
    norm: Literal["batch", "layer", "none"] = setting("none", "before each activation")
    dropout: Annotated[float, Field(ge=0, lt=1)] | Layer = setting(
        0.0, "after each activation: the fraction that is dropped, or a dropout layer with settings"
    )
    output_activation: Activation | None = setting(None, "after the last layer; null: none, as every loss expects")

    def expand(self, shape: Shape) -> Sequence[Layer]:
        """The layers for an input of this shape."""
        layers: list[Layer] = [Flatten()] if len(shape) != 1 else []
        for units in self.hidden:
            layers += [Dense(units=units, bias=self.norm != "batch"), *self._norm(), self.activation]
            layers += dropped(self.dropout)
        layers.append(Dense(units="output"))
        return layers if self.output_activation is None else [*layers, self.output_activation]

    def _norm(self) -> list[Layer]:
        if self.norm == "none":
            return []
        return [BatchNorm() if self.norm == "batch" else LayerNorm()]


def dropped(dropout: float | Layer) -> list[Layer]:
    """The dropout layer for this setting, in a list; an empty list for 0."""
    if isinstance(dropout, Layer):
        return [dropout]
    return [Dropout(drop=dropout)] if dropout > 0 else []
