"""Layers that slide windows over images.

Our images are (rows, height, width, channels); these operations of ONNX need channels first. They are wrapped in two
transpositions; runtimes cancel those that meet.
"""

from trainlab.inference.export.graph import Graph
from trainlab.nn.layers._windows import Windows


def over_windows(graph: Graph, op: str, x: str, w: Windows, *more: str, stem: str, **attributes: int) -> str:
    """y = op(x, *more), with the size, stride and padding of the windows."""
    places = {
        "kernel_shape": list(w.size),
        "strides": list(w.stride),
        "pads": [w.vertical[0], w.horizontal[0], w.vertical[1], w.horizontal[1]],
    }
    first = graph.add("Transpose", x, perm=[0, 3, 1, 2])
    y = graph.add(op, first, *more, stem=stem, **places, **attributes)
    return graph.add("Transpose", y, perm=[0, 2, 3, 1])
