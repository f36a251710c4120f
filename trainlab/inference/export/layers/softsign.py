"""softsign in ONNX."""

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """y = Softsign(x)."""
    return graph.add("Softsign", x, stem=node.name)
