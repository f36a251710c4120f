"""prelu in ONNX."""

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """y = PRelu(x, slope)."""
    return graph.add("PRelu", x, graph.param(node, params, "slope"), stem=node.name)
