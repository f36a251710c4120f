"""Layers on some columns of a table in ONNX: pick the columns, and put the others behind the outputs."""

from typing import cast

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph
from trainlab.nn.layers._columns import ColumnsLayer


def pick(graph: Graph, node: Node, x: str) -> str:
    """The chosen columns, (rows, k)."""
    chosen = cast(ColumnsLayer, node.layer).chosen(node.shape)
    return graph.add("Gather", x, graph.constant(chosen, "columns"), axis=1)


def join(graph: Graph, node: Node, x: str, made: str, width: int) -> str:
    """The outputs (rows, k * width) of the chosen columns, then the other columns of x."""
    layer = cast(ColumnsLayer, node.layer)
    flat = graph.reshape(made, len(layer.chosen(node.shape)) * width)
    rest = layer.rest(node.shape)
    return (
        graph.add("Concat", flat, graph.add("Gather", x, graph.constant(rest, "columns"), axis=1), axis=1)
        if rest
        else flat
    )
