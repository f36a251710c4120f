"""softplus in ONNX."""

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params
from trainlab.inference.export.softplus import softplus


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """y = log(1 + exp(x))."""
    return softplus(graph, x, stem=node.name)
