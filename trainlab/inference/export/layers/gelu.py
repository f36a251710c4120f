"""gelu in ONNX, spelled out: the operation Gelu is younger than many runtimes."""

from math import pi, sqrt
from typing import cast

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params
from trainlab.nn.activations.gelu import GELU


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """y = x (1 + Erf(x / sqrt 2)) / 2, or x Sigmoid(2 sqrt(2 / pi) (x + 0.044715 x^3)), which is the form with tanh.

    OpenCV crashes when it meets the usual spelling of the latter.
    """
    if cast(GELU, node.layer).approximate == "tanh":
        slope = 2 * sqrt(2 / pi)
        square = graph.add("Mul", graph.add("Mul", x, x), graph.constant(0.044715 * slope))
        passed = graph.add("Sigmoid", graph.add("Mul", x, graph.add("Add", square, graph.constant(slope))))
    else:
        share = graph.add("Erf", graph.add("Mul", x, graph.constant(1 / sqrt(2))))
        passed = graph.add("Mul", graph.add("Add", share, graph.constant(1.0)), graph.constant(0.5))
    return graph.add("Mul", x, passed, stem=node.name)
