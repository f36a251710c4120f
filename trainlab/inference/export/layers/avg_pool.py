"""avg_pool in ONNX."""

from typing import cast

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params
from trainlab.inference.export.layers._images import over_windows
from trainlab.nn.layers.avg_pool import AvgPool


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """y = AveragePool(x), the border not counted."""
    w = cast(AvgPool, node.layer).windows(node.shape)
    return over_windows(graph, "AveragePool", x, w, stem=node.name, count_include_pad=0)
