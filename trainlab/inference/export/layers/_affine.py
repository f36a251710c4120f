"""y = x W + b in ONNX, which several layers contain."""

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params


def affine(graph: Graph, node: Node, params: Params, x: str) -> str:
    """y = x W + b, without b if the layer has none."""
    y = graph.add("MatMul", x, graph.param(node, params, "W"), stem=node.name)
    return graph.add("Add", y, graph.param(node, params, "b")) if "b" in node.params else y
