"""flatten in ONNX."""

from math import prod

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """y is x with one axis for each row."""
    return graph.reshape(x, prod(node.shape))
