"""standardize in ONNX."""

from trainlab.core.types import Shape
from trainlab.data.preprocessor import Preprocessor
from trainlab.inference.export.graph import Graph, Params


def lower(graph: Graph, step: Preprocessor, learned: Params, x: str, shape: Shape) -> tuple[str, Shape]:
    """(x - mean) / std."""
    shifted = graph.add("Sub", x, graph.constant(learned["mean"], "standardize.mean"))
    return graph.add("Div", shifted, graph.constant(learned["std"], "standardize.std")), shape
