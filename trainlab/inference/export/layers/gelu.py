"""gelu in ONNX."""

from typing import cast

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params
from trainlab.nn.activations.gelu import GELU


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """y = Gelu(x); ONNX spells `approximate` as we do."""
    return graph.add("Gelu", x, approximate=cast(GELU, node.layer).approximate, stem=node.name)
