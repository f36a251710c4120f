"""What kernels of layers on some columns of a table need to know of the columns."""

import numpy as np

from trainlab.core.types import Array, Shape
from trainlab.engine.compiled.builder import Builder
from trainlab.nn.layers._columns import ColumnsLayer


def indices(b: Builder, layer: ColumnsLayer, shape: Shape) -> tuple[list[int], list[Array]]:
    """How many columns there are, are chosen and are left; and the indices of the chosen and of the others."""
    chosen, rest = layer.chosen(shape), layer.rest(shape)
    places = [b.memory((max(1, len(each)),), np.int64) for each in (chosen, rest)]
    for place, each in zip(places, (chosen, rest), strict=True):
        place[: len(each)] = each
    return [shape[0], len(chosen), len(rest)], places
