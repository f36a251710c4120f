"""clip_output in ONNX."""

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """Between the limits."""
    x = graph.add("Max", x, graph.param(node, params, "low"))
    return graph.add("Min", x, graph.param(node, params, "high"), stem=node.name)
