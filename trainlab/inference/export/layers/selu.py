"""selu in ONNX."""

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """y = Selu(x)."""
    return graph.add("Selu", x, stem=node.name)
