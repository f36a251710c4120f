"""maxout in ONNX."""

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params
from trainlab.inference.export.layers._affine import affine


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """y = the maximum over the pieces of x W + b."""
    units = node.out_shape[0]
    z = affine(graph, node, params, x)
    pieces = graph.reshape(z, node.params["W"].shape[1] // units, units)
    return graph.reduce("ReduceMax", pieces, [1], keepdims=0)
