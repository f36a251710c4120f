"""(x - mean) times a matrix in ONNX, which several preprocessors are."""

from math import prod

from trainlab.core.types import Shape
from trainlab.inference.export.graph import Graph, Params


def rotate(graph: Graph, learned: Params, matrix: str, x: str, shape: Shape) -> str:
    """Rows of x as vectors, minus the mean, times the learned matrix of this name."""
    centered = graph.minus(graph.reshape(x, prod(shape)), learned["mean"], "mean")
    return graph.add("MatMul", centered, graph.constant(learned[matrix], matrix))
