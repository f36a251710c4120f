"""layer_norm, group_norm and instance_norm in ONNX."""

from math import prod
from typing import cast

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params
from trainlab.nn.layers._normalize import RowNorm


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """y = scale (x - mean) / sqrt(var + eps) + shift, with mean and variance of each group of each row."""
    layer, channels = cast(RowNorm, node.layer), node.shape[-1]
    groups, eps = layer.count_groups(node.shape), graph.constant(layer.eps, "eps")
    grouped = graph.reshape(x, prod(node.shape[:-1]), groups, channels // groups)
    centered = graph.add("Sub", grouped, graph.reduce("ReduceMean", grouped, [1, 3]))
    var = graph.reduce("ReduceMean", graph.add("Mul", centered, centered), [1, 3])
    std = graph.add("Sqrt", graph.add("Add", var, eps))
    xhat = graph.reshape(graph.add("Div", centered, std), *node.shape)
    scaled = graph.add("Mul", xhat, graph.param(node, params, "scale"), stem=node.name)
    return graph.add("Add", scaled, graph.param(node, params, "shift"))
