"""Finds what a layer or a preprocessor is in ONNX: the function `lower` in the module of its name.

To add one, write one file of the component's name in `layers/` or `preprocess/` next to this file.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from trainlab.core.companion import companion
from trainlab.core.errors import UserError
from trainlab.core.types import Array, Shape
from trainlab.data.preprocessor import Preprocessor
from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params

LAYERS, PREPROCESS = f"{__package__}.layers", f"{__package__}.preprocess"


def lower_layers(graph: Graph, nodes: Sequence[Node], params: Params, x: str) -> str:
    """Adds a chain of layers, first to last, and returns the name of its output.

    Raises UserError for a layer that has no ONNX lowering.
    """
    for node in nodes:
        module = companion(LAYERS, node.layer)
        if module is None:
            raise UserError(f"{node.name}: the layer `{node.layer.name}` cannot be exported to ONNX")
        x = module.lower(graph, node, params, x)
    return x


def lower_preprocessing(
    graph: Graph, steps: Sequence[Preprocessor], fitted: Mapping[str, Array], x: str, shape: Shape
) -> str:
    """Adds the preprocessing of raw rows x of this shape, in float32 (trainlab computes it in float64).

    Raises UserError for a preprocessor that has no ONNX lowering.
    """
    for i, step in enumerate(steps):
        module = companion(PREPROCESS, step)
        if module is None:
            raise UserError(f"data.preprocess: `{step.name}` cannot be exported to ONNX")
        prefix = f"{i}.{step.name}."
        learned = {k.removeprefix(prefix): a.astype(np.float64) for k, a in fitted.items() if k.startswith(prefix)}
        x, shape = module.lower(graph, step, learned, x, shape)
    return x
