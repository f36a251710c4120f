"""normalize in ONNX: rows as vectors, and plain sums; runtimes disagree on ReduceL1 and ReduceL2."""

from math import prod
from typing import cast

from trainlab.core.types import Shape
from trainlab.data.preprocess.normalize import Normalize
from trainlab.data.preprocessor import Preprocessor
from trainlab.inference.export.graph import Graph, Params


def lower(graph: Graph, step: Preprocessor, learned: Params, x: str, shape: Shape) -> tuple[str, Shape]:
    """x / norm, and x where the norm is 0."""
    norm, rows = cast(Normalize, step).norm, graph.reshape(x, prod(shape))
    sizes = graph.add("Mul", rows, rows) if norm == "l2" else graph.add("Abs", rows)
    length = graph.reduce("ReduceMax" if norm == "max" else "ReduceSum", sizes, [1])
    if norm == "l2":
        length = graph.add("Sqrt", length)
    zero = graph.add("Equal", length, graph.constant(0.0, "zero"))
    y = graph.add("Div", rows, graph.add("Where", zero, graph.constant(1.0, "one"), length))
    return (y if len(shape) == 1 else graph.reshape(y, *shape)), shape
