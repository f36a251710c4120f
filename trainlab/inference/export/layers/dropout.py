"""dropout in ONNX: in evaluation it rescales for `vanilla` and does nothing else."""

from typing import cast

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params
from trainlab.nn.layers.dropout import Dropout


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """y = x, or (1 - drop) x for `vanilla`."""
    layer = cast(Dropout, node.layer)
    if layer.mode != "vanilla":
        return x
    return graph.add("Mul", x, graph.constant(1.0 - layer.drop, "kept"), stem=node.name)
