"""A model is a recipe for a list of layers. Every model expands to `sequential`.

To add one, write one class in one file of `trainlab/nn/models`.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Literal

from trainlab.core.component import Component, setting
from trainlab.core.types import Shape, Task
from trainlab.nn.init import Init
from trainlab.nn.layer import Layer


class Model(Component, kind="model", rooms=("trainlab.nn.models",)):
    """The layers of a network and their inits."""

    init: Init | Literal["auto"] = setting(
        "auto", "init of all weights; `auto` is he before the relu family, lecun before selu, else xavier"
    )
    bias_init: float | Init = setting(0.0, "initial value of every bias, or an init that draws them: {normal: 1}")
    output_init: Init | None = setting(None, "init of the last layer; null: the same as all others")
    source: str | None = setting(
        None,
        "where the weights start: a run (its best epoch), or a .safetensors or .onnx file whose arrays have the same "
        "names; null: the inits",
        alias="from",
    )
    new_layers: Literal["head"] | list[str] = setting(
        "head", "layers that take nothing from `from` and start by their init; head: the last one with weights"
    )
    freeze: Literal["all"] | list[str] = setting(
        [], "layers that are not trained, by name (`conv1`; `residual1` with all inside); all: all but `new_layers`"
    )
    frozen: list[int] = setting([], "the same by index, counted over the layers with weights from 0")

    clip_output: bool = setting(
        False,
        "of a regression: keep predictions in the range of the training targets (the layer `clip_output` at the end)",
    )

    @classmethod
    def recipe(cls) -> dict[str, Any]:
        """Defaults for the whole config that suit this model, as plain data; what a config says wins."""
        return {}

    @classmethod
    def suited(cls, task: Task, rows: int, metric: str) -> dict[str, Any]:
        """The same by dotted path, for what depends on the task, the number of training rows and the metric that
        decides which epoch is the best.
        """
        return {}

    @abstractmethod
    def expand(self, shape: Shape) -> "Sequence[Layer]":
        """The layers, first to last, for an input of this shape (no batch axis)."""
