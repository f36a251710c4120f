"""batch_norm in ONNX."""

from typing import cast

import numpy as np

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params
from trainlab.nn.layers.batch_norm import BatchNorm


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """y = factor x + shift, the running statistics folded into both."""
    scale, shift, mean, var = (params[f"{node.name}.{key}"] for key in ("scale", "shift", "mean", "var"))
    factor = scale / np.sqrt(var + cast(BatchNorm, node.layer).eps)
    scaled = graph.add("Mul", x, graph.constant(factor, f"{node.name}.factor"), stem=node.name)
    return graph.add("Add", scaled, graph.constant(shift - mean * factor, f"{node.name}.shift"))
