"""mish in ONNX, spelled out: the operation Mish is younger than many runtimes."""

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params
from trainlab.inference.export.softplus import softplus


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """y = x Tanh(log(1 + exp(x)))."""
    return graph.add("Mul", x, graph.add("Tanh", softplus(graph, x)), stem=node.name)
