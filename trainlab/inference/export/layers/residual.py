"""residual in ONNX."""

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params
from trainlab.inference.export.lowering import lower_layers


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """y = f(x) + shortcut(x)."""
    ends = [lower_layers(graph, branch, params, x) for branch in node.branches]
    return graph.add("Add", ends[0], ends[1] if len(ends) == 2 else x, stem=node.name)
