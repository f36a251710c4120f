"""standardize in ONNX."""

from trainlab.core.types import Shape
from trainlab.data.preprocessor import Preprocessor
from trainlab.inference.export.graph import Graph, Params


def lower(graph: Graph, step: Preprocessor, learned: Params, x: str, shape: Shape) -> tuple[str, Shape]:
    """(x - mean) / std."""
    graph.note_far(learned["mean"], learned["std"])
    shifted = graph.minus(x, learned["mean"], "standardize.mean", learned["std"])
    return graph.add("Div", shifted, graph.constant(learned["std"], "standardize.std")), shape
