"""silu in ONNX."""

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """y = x sigmoid(x)."""
    return graph.add("Mul", x, graph.add("Sigmoid", x), stem=node.name)
