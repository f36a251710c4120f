"""conv in ONNX."""

from typing import cast

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params
from trainlab.inference.export.layers._images import over_windows
from trainlab.nn.layers._windows import windows_over
from trainlab.nn.layers.conv import Conv


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """y = Conv(x, W, b)."""
    layer = cast(Conv, node.layer)
    w = windows_over(node.shape, layer.size, layer.stride, layer.pad)
    W = graph.constant(params[f"{node.name}.W"].transpose(3, 2, 0, 1), f"{node.name}.W")
    bias = [graph.param(node, params, "b")] if "b" in node.params else []
    return over_windows(graph, "Conv", x, w, W, *bias, stem=node.name)
