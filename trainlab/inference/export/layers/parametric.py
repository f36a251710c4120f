"""parametric in ONNX."""

from dataclasses import replace
from typing import cast

from trainlab.core.companion import companion
from trainlab.core.errors import UserError
from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph, Params
from trainlab.nn.activations.parametric import Parametric


def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
    """y = x + a (s(x) - x)."""
    inner = cast(Parametric, node.layer).activation
    module = companion(__package__ or "", inner)
    if module is None:
        raise UserError(f"{node.name}: the layer `{inner.name}` cannot be exported to ONNX")
    bent = module.lower(graph, replace(node, layer=inner), params, x)
    return graph.add("Add", x, graph.add("Mul", graph.param(node, params, "a"), graph.add("Sub", bent, x)))
