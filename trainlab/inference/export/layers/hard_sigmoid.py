"""hard_sigmoid in ONNX."""

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """y = HardSigmoid(x) with slope 1/6."""
    return graph.add("HardSigmoid", x, alpha=1 / 6, beta=0.5, stem=node.name)
