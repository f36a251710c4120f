"""fill in ONNX."""

import numpy as np

from trainlab.core.types import Shape
from trainlab.data.preprocessor import Preprocessor
from trainlab.inference.export.graph import Graph, Params


def lower(graph: Graph, step: Preprocessor, learned: Params, x: str, shape: Shape) -> tuple[str, Shape]:
    """The learned value where x is not finite, else x; then a column of 0 and 1 for each marked column.

    The absolute value of nan is 0 in MNN, nan > 0 is true in OpenVINO, and OpenCV 4 has no And: nan is asked for on the
    left of Less first, which is false everywhere (findings/nan-is-greater-than-one.sh).
    """
    largest = float(np.finfo(np.float32).max)
    below = graph.add("Less", x, graph.constant(largest, "largest"))
    above = graph.add("Greater", x, graph.constant(-largest, "smallest"))

    def either(finite: str, other: str, columns: str | None = None) -> str:
        parts = [below, above] if columns is None else [graph.add("Gather", p, columns, axis=1) for p in (below, above)]
        return graph.add("Where", parts[0], graph.add("Where", parts[1], finite, other), other)

    value = learned["value"] if "value" in learned else learned["mean"]  # older checkpoints have `mean`
    zeros = graph.add("Mul", graph.cast(below, np.float32), graph.constant(0.0, "zero"))  # MNN's Where repeats no row
    filled = either(x, graph.add("Add", zeros, graph.constant(value, "fill.value")))
    if not len(learned.get("marked", ())):  # OpenVINO and tinygrad take a Gather of no columns for one of a number
        return filled, shape
    columns = graph.constant(learned["marked"].astype(np.int64), "fill.marked")
    marks = either(graph.constant(0.0, "known"), graph.constant(1.0, "missing"), columns)
    return graph.add("Concat", filled, marks, axis=1), (shape[0] + len(learned["marked"]),)
