"""exponential in ONNX."""

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params
from trainlab.nn.activations.exponential import TOP


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """y = exp(min(x, 80))."""
    return graph.add("Exp", graph.add("Min", x, graph.constant(TOP, "top")), stem=node.name)
