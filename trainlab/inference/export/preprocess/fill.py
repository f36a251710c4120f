"""fill in ONNX."""

import numpy as np

from trainlab.core.types import Shape
from trainlab.data.preprocessor import Preprocessor
from trainlab.inference.export.graph import Graph, Params


def lower(graph: Graph, step: Preprocessor, learned: Params, x: str, shape: Shape) -> tuple[str, Shape]:
    """The learned value where x is not finite, else x; then a column of 0 and 1 for each marked column."""
    finite = graph.add("Less", graph.add("Abs", x), graph.constant(float(np.finfo(np.float32).max), "largest"))
    value = learned["value"] if "value" in learned else learned["mean"]  # older checkpoints have `mean`
    filled = graph.add("Where", finite, x, graph.constant(value, "fill.value"))
    if not len(learned.get("marked", ())):  # OpenVINO and tinygrad take a Gather of no columns for one of a number
        return filled, shape
    marked = graph.constant(learned["marked"].astype(np.int64), "fill.marked")
    marks = graph.cast(graph.add("Not", graph.add("Gather", finite, marked, axis=1)), np.float32)
    return graph.add("Concat", filled, marks, axis=1), (shape[0] + len(learned["marked"]),)
