"""max_pool in ONNX."""

from typing import cast

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params
from trainlab.inference.export.layers._images import over_windows
from trainlab.nn.layers.max_pool import MaxPool


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """y = MaxPool(x)."""
    w = cast(MaxPool, node.layer).windows(node.shape)
    return over_windows(graph, "MaxPool", x, w, stem=node.name)
