"""quantile in ONNX."""

from math import prod

import numpy as np

from trainlab.core.types import Array, Shape
from trainlab.data.preprocessor import Preprocessor
from trainlab.inference.export.graph import Graph, Params

_STEEP = 1e20  # of a step in float32: any number above the value is 1, any below it 0
_LEAST = 1e-7  # as in the preprocessor
# Wichura 1988, algorithm AS 241, PPND7: the normal quantile to about 1e-7, as ratios of two polynomials
_NEAR = ([3.3871327179, 50.434271938, 159.29113202, 59.109374720], [1.0, 17.895169469, 78.757757664, 67.187563600])
_FAR = ([1.4234372777, 2.7568153900, 1.3067284816, 0.17023821103], [1.0, 0.73700164250, 0.12021132975])
_BETWEEN = 0.425  # of 0.5 - p: where the second ratio takes over
_SQUARE, _ROOT = 0.180625, 1.6  # what both are polynomials of is counted from here


def lower(graph: Graph, step: Preprocessor, learned: Params, x: str, shape: Shape) -> tuple[str, Shape]:
    """The normal quantile of the smaller of the shares below and above x, with its sign."""
    quantiles = learned["quantiles"].reshape(len(learned["quantiles"]), -1).T
    graph.note_far(quantiles.mean(axis=1), quantiles.std(axis=1))
    column = graph.reshape(x, prod(shape), 1)
    below = _share(graph, column, quantiles)
    above = _share(graph, graph.add("Neg", column), -quantiles[:, ::-1])
    p = graph.add("Max", graph.add("Min", below, above), graph.constant(_LEAST, "least"))
    distance = graph.add("Sub", graph.constant(0.5, "half"), p)
    r = graph.add("Sub", graph.constant(_SQUARE, "square"), graph.add("Mul", distance, distance))
    near = graph.add("Mul", distance, _ratio(graph, _NEAR, r))
    root = graph.add("Sqrt", graph.add("Neg", graph.add("Log", p)))
    far = _ratio(graph, _FAR, graph.add("Sub", root, graph.constant(_ROOT, "root")))
    size = graph.add("Where", graph.add("Less", distance, graph.constant(_BETWEEN, "between")), near, far)
    signed = graph.add("Where", graph.add("Less", above, below), size, graph.add("Neg", size))
    return graph.reshape(signed, *shape), shape


def _share(graph: Graph, x: str, quantiles: Array) -> str:
    """The share of the training rows below x (rows, features, 1), exact where it is small.

    It is the mean of min(max(slope (x - low) + start, 0), 1) over the intervals between quantiles (features, n). An
    interval without width is a step: a tie is in its middle, but at the least value below all, at the largest above.
    """
    low, width = quantiles[:, :-1], np.diff(quantiles, axis=1)
    slope = np.divide(1.0, width, out=np.full(width.shape, _STEEP), where=width > 0)
    least, largest = quantiles[:, :1], quantiles[:, -1:]
    tie = np.where(low == largest, 1.0, np.where(low == least, 0.0, 0.5))
    start = np.where((width > 0) | (least == largest), 0.5 * (least == largest), tie)
    place = graph.minus(x, low, "quantile.low", np.zeros(low.shape))  # all digits: the ends are steep
    place = graph.add("Mul", place, graph.constant(slope, "quantile.slope"))
    if start.any():
        place = graph.add("Add", place, graph.constant(start, "quantile.start"))
    inside = graph.add("Max", place, graph.constant(0.0, "zero"))
    inside = graph.add("Min", inside, graph.constant(1.0, "one"))
    return graph.reduce("ReduceMean", inside, [2], keepdims=0)


def _ratio(graph: Graph, polynomials: tuple[list[float], list[float]], r: str) -> str:
    """Two polynomials of r, by their coefficients from the lowest on; the first over the second."""
    values: list[str] = []
    for coefficients in polynomials:
        *rest, value = (graph.constant(c, "coefficient") for c in coefficients)
        for c in reversed(rest):
            value = graph.add("Add", graph.add("Mul", value, r), c)
        values.append(value)
    return graph.add("Div", *values)
