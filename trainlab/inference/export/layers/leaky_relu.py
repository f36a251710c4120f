"""leaky_relu in ONNX."""

from typing import cast

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params
from trainlab.nn.activations.leaky_relu import LeakyReLU


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """y = LeakyRelu(x)."""
    return graph.add("LeakyRelu", x, alpha=cast(LeakyReLU, node.layer).slope, stem=node.name)
