"""robust in ONNX."""

from trainlab.core.types import Shape
from trainlab.data.preprocessor import Preprocessor
from trainlab.inference.export.graph import Graph, Params


def lower(graph: Graph, step: Preprocessor, learned: Params, x: str, shape: Shape) -> tuple[str, Shape]:
    """(x - median) / range."""
    graph.note_far(learned["median"], learned["range"])
    shifted = graph.minus(x, learned["median"], "robust.median", learned["range"])
    return graph.add("Div", shifted, graph.constant(learned["range"], "robust.range")), shape
