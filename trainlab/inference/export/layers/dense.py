"""dense in ONNX."""

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params
from trainlab.inference.export.layers._affine import affine


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """y = x W + b."""
    return affine(graph, node, params, x)
