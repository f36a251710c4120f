"""minmax in ONNX."""

from trainlab.core.types import Shape
from trainlab.data.preprocessor import Preprocessor
from trainlab.inference.export.graph import Graph, Params


def lower(graph: Graph, step: Preprocessor, learned: Params, x: str, shape: Shape) -> tuple[str, Shape]:
    """(x - min) / range."""
    graph.note_far(learned["min"], learned["range"])
    shifted = graph.minus(x, learned["min"], "minmax.min", learned["range"])
    return graph.add("Div", shifted, graph.constant(learned["range"], "minmax.range")), shape
