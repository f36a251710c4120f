"""avg_pool in ONNX."""

from dataclasses import replace
from typing import cast

import numpy as np

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params
from trainlab.inference.export.layers._images import over_windows
from trainlab.nn.layers.avg_pool import AvgPool, counts


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """y = AveragePool(x), the border not counted.

    onnx2torch takes no odd border, so such a one is zeros around the image, and the mean is corrected for them.
    """
    w = cast(AvgPool, node.layer).windows(node.shape)
    if all(before == after for before, after in (w.vertical, w.horizontal)):
        return over_windows(graph, "AveragePool", x, w, stem=node.name, count_include_pad=0)
    pads = graph.constant([0, w.vertical[0], w.horizontal[0], 0, 0, w.vertical[1], w.horizontal[1], 0], "pads")
    inside = replace(w, vertical=(0, 0), horizontal=(0, 0))
    mean = over_windows(graph, "AveragePool", graph.add("Pad", x, pads), inside, stem=node.name)
    return graph.add("Mul", mean, graph.constant(w.size[0] * w.size[1] / counts(w, np.zeros(())), f"{node.name}.share"))
