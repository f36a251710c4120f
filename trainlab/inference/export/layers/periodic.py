"""periodic in ONNX: cos(2 pi w x + phase) W + b column by column, by one product of a stack of matrices."""

import numpy as np

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params
from trainlab.inference.export.layers._columns import join, pick


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """x, cos(2 pi w x + phase) W + b."""
    frequency, phase, W, b = (params[f"{node.name}.{key}"] for key in ("frequency", "phase", "W", "b"))
    columns = len(frequency)
    values = graph.reshape(pick(graph, node, x), columns, 1)
    angle = graph.add("Mul", values, graph.constant(2 * np.pi * frequency, "frequency"))
    angle = graph.add("Add", angle, graph.constant(phase, "phase"))
    stacked = graph.add("Transpose", graph.add("Cos", angle), perm=[1, 0, 2])  # OpenCV repeats no matrices for the rows
    mixed = graph.add("Transpose", graph.add("MatMul", stacked, graph.constant(W, "W")), perm=[1, 0, 2])
    mixed = graph.add("Add", mixed, graph.constant(b, "b"))
    return join(graph, node, x, graph.add("Concat", values, mixed, axis=2), W.shape[2] + 1)
