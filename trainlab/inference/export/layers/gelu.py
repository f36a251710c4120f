"""gelu in ONNX, spelled out: the operation Gelu is younger than many runtimes."""

from math import pi, sqrt
from typing import cast

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params
from trainlab.nn.activations.gelu import GELU


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """y = x (1 + Erf(x / sqrt 2)) / 2, or x (1 + Tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2."""
    if cast(GELU, node.layer).approximate == "tanh":
        cube = graph.add("Mul", graph.add("Mul", x, x), x)
        bent = graph.add("Add", x, graph.add("Mul", cube, graph.constant(0.044715)))
        share = graph.add("Tanh", graph.add("Mul", bent, graph.constant(sqrt(2 / pi))))
    else:
        share = graph.add("Erf", graph.add("Mul", x, graph.constant(1 / sqrt(2))))
    passed = graph.add("Mul", graph.add("Add", share, graph.constant(1.0)), graph.constant(0.5))
    return graph.add("Mul", x, passed, stem=node.name)
