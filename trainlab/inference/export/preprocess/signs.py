"""signs in ONNX."""

import numpy as np

from trainlab.core.types import Shape
from trainlab.data.preprocessor import Preprocessor
from trainlab.inference.export.graph import Graph, Params


def lower(graph: Graph, step: Preprocessor, learned: Params, x: str, shape: Shape) -> tuple[str, Shape]:
    """(x = 1) - (x = 0)."""
    one, zero = (graph.constant(value, "signs.value") for value in (1.0, 0.0))
    is_one, is_zero = (graph.cast(graph.add("Equal", x, value), np.float32) for value in (one, zero))
    return graph.add("Sub", is_one, is_zero), shape
