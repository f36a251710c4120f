"""clip in ONNX."""

from trainlab.core.types import Shape
from trainlab.data.preprocessor import Preprocessor
from trainlab.inference.export.graph import Graph, Params


def lower(graph: Graph, step: Preprocessor, learned: Params, x: str, shape: Shape) -> tuple[str, Shape]:
    """min(max(x, low), high)."""
    raised = graph.add("Max", x, graph.constant(learned["low"], "clip.low"))
    return graph.add("Min", raised, graph.constant(learned["high"], "clip.high")), shape
