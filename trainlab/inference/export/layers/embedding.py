"""embedding in ONNX: the columns of all groups times one matrix that is 0 outside of each group's block."""

from typing import cast

import numpy as np

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params
from trainlab.nn.layers.embedding import Embedding


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """y = x E for each group, then the columns in no group."""
    layer, vectors = cast(Embedding, node.layer), params[f"{node.name}.vectors"]
    blocks = np.zeros((len(vectors), len(layer.groups), layer.units), np.float32)
    group_of = [g for g, group in enumerate(layer.groups) for _ in group]
    blocks[np.arange(len(vectors)), group_of] = vectors
    picked = graph.add("Gather", x, graph.constant(layer.columns, "columns"), axis=1)
    made = graph.add("MatMul", picked, graph.constant(blocks.reshape(len(vectors), -1), f"{node.name}.vectors"))
    rest = layer.rest(node.shape)
    if not rest:
        return made
    return graph.add("Concat", made, graph.add("Gather", x, graph.constant(rest, "columns"), axis=1), axis=1)
