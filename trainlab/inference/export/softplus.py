"""log(1 + exp(x)) in ONNX, which several layers contain."""

from trainlab.inference.export.graph import Graph


def softplus(graph: Graph, x: str, stem: str = "") -> str:
    """max(x, 0) + log(1 + exp(-|x|)): some runtimes' own Softplus is infinite in float32 from x = 89 on."""
    small = graph.add("Exp", graph.add("Neg", graph.add("Abs", x)))
    rest = graph.add("Log", graph.add("Add", small, graph.constant(1.0)))
    return graph.add("Add", graph.add("Relu", x), rest, stem=stem)
