"""member_dense in ONNX: one product of a stack of matrices."""

from typing import cast

from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params
from trainlab.nn.layers.member_dense import MemberDense


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """(rows, members n) as (members, rows, n), times (members, n, units), and back."""
    layer, W = cast(MemberDense, node.layer), params[f"{node.name}.W"]
    n, members = len(W), layer.members
    stacked = W.reshape(n, members, -1).swapaxes(0, 1) * (n**-0.5 if layer.ntk else 1.0)
    apart = graph.add("Transpose", graph.reshape(x, members, n), perm=[1, 0, 2])
    y = graph.add("MatMul", apart, graph.constant(stacked, f"{node.name}.W"), stem=node.name)
    y = graph.reshape(graph.add("Transpose", y, perm=[1, 0, 2]), *node.out_shape)
    return graph.add("Add", y, graph.param(node, params, "b")) if "b" in node.params else y
