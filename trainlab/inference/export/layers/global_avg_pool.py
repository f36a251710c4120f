"""global_avg_pool in ONNX."""

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """y = mean of x over height and width."""
    return graph.reduce("ReduceMean", x, [1, 2], keepdims=0, stem=node.name)
