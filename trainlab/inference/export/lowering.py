"""Finds what a layer or a preprocessor is in ONNX: the function `lower` in the module of its name.

To add one, write one file of the component's name in `layers/` or `preprocess/` next to this file.
"""

from collections.abc import Mapping, Sequence
from types import ModuleType

import numpy as np

from trainlab.core.companion import companion
from trainlab.core.errors import UserError
from trainlab.core.types import Array, Shape
from trainlab.data.preprocessing import CHOSEN
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
        chosen = learned.pop(CHOSEN, None)
        if chosen is None:
            x, shape = module.lower(graph, step, learned, x, shape)
        elif chosen.any():
            x, shape = _lower_to(module, graph, step, learned, x, chosen.astype(bool))
    return x


def _lower_to(
    module: ModuleType, graph: Graph, step: Preprocessor, learned: Params, x: str, chosen: Array
) -> tuple[str, Shape]:
    """A preprocessor of the chosen columns: x' in their places, or in front of the others if the width changes."""
    own, others = np.flatnonzero(chosen), np.flatnonzero(~chosen)
    picked = graph.add("Gather", x, graph.constant(own, "columns"), axis=1)
    made, (width,) = module.lower(graph, step, learned, picked, (len(own),))
    rest = graph.add("Gather", x, graph.constant(others, "columns"), axis=1)
    joined = graph.add("Concat", made, rest, axis=1)
    if width != len(own):
        return joined, (width + len(others),)
    order = graph.constant(np.argsort(np.concatenate([own, others])), "columns")
    return graph.add("Gather", joined, order, axis=1), (len(chosen),)
