"""zca in ONNX."""

from trainlab.core.types import Shape
from trainlab.data.preprocessor import Preprocessor
from trainlab.inference.export.graph import Graph, Params
from trainlab.inference.export.preprocess._rotate import rotate


def lower(graph: Graph, step: Preprocessor, learned: Params, x: str, shape: Shape) -> tuple[str, Shape]:
    """(x - mean) matrix, in the shape of x."""
    return graph.reshape(rotate(graph, learned, "matrix", x, shape), *shape), shape
