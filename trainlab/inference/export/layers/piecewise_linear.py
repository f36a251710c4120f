"""piecewise_linear in ONNX."""

import numpy as np

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params
from trainlab.inference.export.layers._columns import join, pick
from trainlab.nn.layers.piecewise_linear import limits


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """(x - a) / (b - a) within the limits of each bin."""
    edges = params[f"{node.name}.edges"]
    lower_edge, rate, least, most = limits(edges)
    columns, bins = rate.shape
    largest = np.finfo(np.float32).max
    values = graph.reshape(pick(graph, node, x), columns, 1)
    part = graph.add("Mul", graph.add("Sub", values, graph.constant(lower_edge, "edges")), graph.constant(rate, "rate"))
    part = graph.add("Max", part, graph.constant(np.maximum(least, -largest), "least"))
    part = graph.add("Min", part, graph.constant(np.minimum(most, largest), "most"))
    return join(graph, node, x, part, bins)
