"""normalize in ONNX."""

from typing import cast

import numpy as np

from trainlab.core.types import Shape
from trainlab.data.preprocess.normalize import Normalize
from trainlab.data.preprocessor import Preprocessor
from trainlab.inference.export.graph import Graph, Params


def lower(graph: Graph, step: Preprocessor, learned: Params, x: str, shape: Shape) -> tuple[str, Shape]:
    """x / norm, and x where the norm is 0."""
    norm = cast(Normalize, step).norm
    axes = graph.constant(list(range(1, len(shape) + 1)), "axes")
    op = {"l2": "ReduceL2", "l1": "ReduceL1", "max": "ReduceMax"}[norm]
    length = graph.add(op, graph.add("Abs", x) if norm == "max" else x, axes, keepdims=1)
    zero = graph.add("Equal", length, graph.constant(0.0, "zero", np.float64))
    return graph.add("Div", x, graph.add("Where", zero, graph.constant(1.0, "one", np.float64), length)), shape
