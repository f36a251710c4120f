"""scale in ONNX."""

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """x s."""
    return graph.add("Mul", x, graph.param(node, params, "scale"), stem=node.name)
