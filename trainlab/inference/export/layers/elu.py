"""elu in ONNX."""

from typing import cast

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params
from trainlab.nn.activations.elu import ELU


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """y = Elu(x)."""
    return graph.add("Elu", x, alpha=cast(ELU, node.layer).alpha, stem=node.name)
