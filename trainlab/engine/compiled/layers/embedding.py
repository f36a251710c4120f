"""Embedding's kernel: the vectors of the categories that a row has are gathered, and their gradients scattered."""

from collections.abc import Sequence
from typing import cast

import numpy as np

from trainlab.core.types import Array
from trainlab.engine.compiled.builder import Builder, Link
from trainlab.nn.layers.embedding import Embedding


def lower(b: Builder, chain: Sequence[Link], at: int) -> int:
    """Take one layer."""
    layer, slot = cast(Embedding, chain[at].layer), chain[at].slot
    shape = slot.x.shape[1:]
    columns, rest = layer.columns, layer.rest(shape)
    group_of = [g for g, group in enumerate(layer.groups) for _ in group]
    places = [_indices(b, each) for each in (columns, group_of, rest)]
    sizes = [shape[0], len(columns), len(rest), layer.units, len(layer.groups)]
    vectors = slot.p["vectors"]
    b.forward("embedding_forward", sizes, [], [slot.x, vectors, *places, slot.y])
    if b.train:
        b.backward("embedding_backward", sizes, [], [slot.x, vectors, *places, slot.dy, slot.dx, slot.g["vectors"]])
    return 1


def _indices(b: Builder, values: list[int]) -> Array:
    made = b.memory((max(1, len(values)),), np.int64)
    made[: len(values)] = values
    return made
