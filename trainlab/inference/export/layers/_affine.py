"""y = x W + b in ONNX, which several layers contain."""

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params
from trainlab.nn.layers.dense import Dense


def affine(graph: Graph, node: Node, params: Params, x: str) -> str:
    """y = x W + b, without b if the layer has none; W with the divisor of `ntk`."""
    W = params[f"{node.name}.W"]
    divided = isinstance(node.layer, Dense) and node.layer.ntk
    weights = graph.constant(W * len(W) ** -0.5 if divided else W, f"{node.name}.W")
    y = graph.add("MatMul", x, weights, stem=node.name)
    return graph.add("Add", y, graph.param(node, params, "b")) if "b" in node.params else y
