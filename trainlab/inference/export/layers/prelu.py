"""prelu in ONNX."""

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """y = PRelu(x, slope); of images, whose channels come last here, max(x, 0) + slope min(x, 0).

    Five programs take the slopes of PRelu for those of the second axis, and OpenVINO those of relu(x) - slope relu(-x)
    (findings/prelu-slopes-of-another-axis.sh).
    """
    slope = graph.param(node, params, "slope")
    if len(node.shape) == 1:
        return graph.add("PRelu", x, slope, stem=node.name)
    zero = graph.constant(0.0, "zero")
    below = graph.add("Mul", graph.add("Min", x, zero), slope)
    return graph.add("Add", graph.add("Max", x, zero), below, stem=node.name)
