"""softmax in ONNX."""

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """y = Softmax(x) over the last axis."""
    return graph.add("Softmax", x, axis=-1, stem=node.name)
