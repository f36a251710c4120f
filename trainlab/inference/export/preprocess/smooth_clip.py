"""smooth_clip in ONNX."""

from typing import cast

import numpy as np

from trainlab.core.types import Shape
from trainlab.data.preprocess.smooth_clip import SmoothClip
from trainlab.data.preprocessor import Preprocessor
from trainlab.inference.export.graph import Graph, Params


def lower(graph: Graph, step: Preprocessor, learned: Params, x: str, shape: Shape) -> tuple[str, Shape]:
    """x / sqrt(1 + (x / limit)^2)."""
    limit = graph.constant(cast(SmoothClip, step).limit, "smooth_clip.limit", np.float64)
    ratio = graph.add("Div", x, limit)
    square = graph.add("Add", graph.constant(1.0, "one", np.float64), graph.add("Mul", ratio, ratio))
    return graph.add("Div", x, graph.add("Sqrt", square)), shape
