"""piecewise_linear in ONNX."""

from math import prod
from typing import cast

import numpy as np

from trainlab.core.types import Shape
from trainlab.data.preprocess.piecewise_linear import PiecewiseLinear
from trainlab.data.preprocessor import Preprocessor
from trainlab.inference.export.graph import Graph, Params


def lower(graph: Graph, step: Preprocessor, learned: Params, x: str, shape: Shape) -> tuple[str, Shape]:
    """(x - low) / width of each bin's column, between 0 and 1; 0 where it is no number."""
    x = graph.reshape(x, prod(shape))
    column = graph.constant(learned["column"].astype(np.int64), "piecewise_linear.column")
    width = graph.constant(learned["width"], "piecewise_linear.width")
    inside = graph.add("Div", graph.minus(graph.add("Gather", x, column, axis=1), learned["low"], "low"), width)
    zero, one = graph.constant(0.0, "zero"), graph.constant(1.0, "one")
    above = graph.add("Less", graph.add("Neg", inside), zero)  # false for nan everywhere; for OpenVINO nan > 0 is true
    inside = graph.add("Where", above, inside, zero)
    inside = graph.add("Where", graph.add("Less", inside, one), inside, one)
    bins = len(learned["column"])
    if not cast(PiecewiseLinear, step).keep:
        return inside, (bins,)
    return graph.add("Concat", x, inside, axis=1), (prod(shape) + bins,)
