"""smooth_clip in ONNX."""

from typing import cast

from trainlab.core.types import Shape
from trainlab.data.preprocess.smooth_clip import SmoothClip
from trainlab.data.preprocessor import Preprocessor
from trainlab.inference.export.graph import Graph, Params


def lower(graph: Graph, step: Preprocessor, learned: Params, x: str, shape: Shape) -> tuple[str, Shape]:
    """limit r / sqrt(1 + r^2), r = x / limit kept where its square is a float32."""
    limit = graph.constant(cast(SmoothClip, step).limit, "smooth_clip.limit")
    ratio = graph.add("Max", graph.add("Div", x, limit), graph.constant(-1e15, "smallest"))
    ratio = graph.add("Min", ratio, graph.constant(1e15, "largest"))
    square = graph.add("Add", graph.constant(1.0, "one"), graph.add("Mul", ratio, ratio))
    return graph.add("Mul", limit, graph.add("Div", ratio, graph.add("Sqrt", square))), shape
