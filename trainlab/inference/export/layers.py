"""Layers as ONNX operations, in evaluation mode: one function a layer, and a table of all of them.

Images stay (rows, height, width, channels); around an operation that ONNX has for channels first they are turned, and
runtimes cancel the turns that meet.
"""

from collections.abc import Callable, Mapping, Sequence
from math import prod

import numpy as np

from trainlab.core.errors import UserError
from trainlab.core.types import Array
from trainlab.engine.graph import Node
from trainlab.inference.export.graph import Graph
from trainlab.nn.layers._windows import Windows, windows_over

Params = Mapping[str, Array]
Lowering = Callable[[Graph, Node, Params, str], str]


def chain(graph: Graph, nodes: Sequence[Node], params: Params, x: str) -> str:
    """A chain of layers, first to last: the name of its output. Raises UserError for a layer that ONNX cannot have."""
    for node in nodes:
        lower = LAYERS.get(node.layer.name)
        if lower is None:
            raise UserError(f"{node.name}: the layer `{node.layer.name}` cannot be exported to ONNX")
        x = lower(graph, node, params, x)
    return x


def _param(graph: Graph, node: Node, params: Params, key: str) -> str:
    return graph.constant(params[f"{node.name}.{key}"], f"{node.name}.{key}")


def _affine(graph: Graph, node: Node, params: Params, x: str) -> str:
    y = graph.add("MatMul", x, _param(graph, node, params, "W"), stem=node.name)
    return graph.add("Add", y, _param(graph, node, params, "b")) if "b" in node.params else y


def _maxout(graph: Graph, node: Node, params: Params, x: str) -> str:
    z = _affine(graph, node, params, x)
    units = node.out_shape[0]
    pieces = graph.reshape(z, [-1, node.params["W"].shape[1] // units, units])
    return graph.add("ReduceMax", pieces, graph.constant([1], "axes"), keepdims=0)


def _turned(graph: Graph, x: str, work: Callable[[str], str]) -> str:
    """An operation on channels first, on images with channels last."""
    return graph.add("Transpose", work(graph.add("Transpose", x, perm=[0, 3, 1, 2])), perm=[0, 2, 3, 1])


def _places(w: Windows) -> dict[str, list[int]]:
    pads = [w.vertical[0], w.horizontal[0], w.vertical[1], w.horizontal[1]]
    return {"kernel_shape": list(w.size), "strides": list(w.stride), "pads": pads}


def _windows(node: Node) -> Windows:
    layer = node.layer
    size: int | list[int] = getattr(layer, "size")  # noqa: B009 - of the three kinds of layer that have windows
    stride: int | None = getattr(layer, "stride")  # noqa: B009
    pad: int | str = getattr(layer, "pad")  # noqa: B009
    return windows_over(node.shape, size, stride or size, pad)


def _conv(graph: Graph, node: Node, params: Params, x: str) -> str:
    W = graph.constant(params[f"{node.name}.W"].transpose(3, 2, 0, 1), f"{node.name}.W")
    rest = [_param(graph, node, params, "b")] if "b" in node.params else []
    return _turned(
        graph, x, lambda image: graph.add("Conv", image, W, *rest, stem=node.name, **_places(_windows(node)))
    )


def _max_pool(graph: Graph, node: Node, params: Params, x: str) -> str:
    return _turned(graph, x, lambda image: graph.add("MaxPool", image, stem=node.name, **_places(_windows(node))))


def _avg_pool(graph: Graph, node: Node, params: Params, x: str) -> str:
    places = _places(_windows(node))
    return _turned(
        graph, x, lambda image: graph.add("AveragePool", image, stem=node.name, count_include_pad=0, **places)
    )


def _global_avg_pool(graph: Graph, node: Node, params: Params, x: str) -> str:
    return graph.add("ReduceMean", x, graph.constant([1, 2], "axes"), keepdims=0, stem=node.name)


def _flatten(graph: Graph, node: Node, params: Params, x: str) -> str:
    return graph.reshape(x, [-1, prod(node.shape)])


def _batch_norm(graph: Graph, node: Node, params: Params, x: str) -> str:
    mean, var = params[f"{node.name}.mean"], params[f"{node.name}.var"]
    eps: float = getattr(node.layer, "eps")  # noqa: B009 - of a class that the table names
    factor = params[f"{node.name}.scale"] / np.sqrt(var + eps)
    shift = params[f"{node.name}.shift"] - mean * factor
    scaled = graph.add("Mul", x, graph.constant(factor.astype(mean.dtype), f"{node.name}.factor"), stem=node.name)
    return graph.add("Add", scaled, graph.constant(shift.astype(mean.dtype), f"{node.name}.shift"))


def _row_norm(groups: Callable[[Node], int]) -> Lowering:
    """Each row's groups of channels to mean 0 and variance 1, then scale and shift."""

    def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
        channels, dtype = node.shape[-1], params[f"{node.name}.scale"].dtype
        count = groups(node)
        axes = graph.constant([1, 3], "axes")
        eps: float = getattr(node.layer, "eps")  # noqa: B009 - of a class that the table names
        wide = graph.reshape(x, [-1, prod(node.shape[:-1]), count, channels // count])
        away = graph.add("Sub", wide, graph.add("ReduceMean", wide, axes, keepdims=1))
        var = graph.add("ReduceMean", graph.add("Mul", away, away), axes, keepdims=1)
        width = graph.add("Sqrt", graph.add("Add", var, graph.constant(eps, "eps", dtype)))
        xhat = graph.reshape(graph.add("Div", away, width), [-1, *node.shape])
        scaled = graph.add("Mul", xhat, _param(graph, node, params, "scale"), stem=node.name)
        return graph.add("Add", scaled, _param(graph, node, params, "shift"))

    return lower


def _dropout(graph: Graph, node: Node, params: Params, x: str) -> str:
    """Nothing but the scale of `vanilla`, as in evaluation."""
    mode: str = getattr(node.layer, "mode")  # noqa: B009 - of a class that the table names
    drop: float = getattr(node.layer, "drop")  # noqa: B009
    if mode != "vanilla":
        return x
    return graph.add("Mul", x, graph.add("CastLike", graph.constant(1.0 - drop, "kept"), x), stem=node.name)


def _residual(graph: Graph, node: Node, params: Params, x: str) -> str:
    ends = [chain(graph, branch, params, x) for branch in node.branches]
    return graph.add("Add", ends[0], ends[1] if len(ends) == 2 else x, stem=node.name)


def _plain(op: str, *settings: str, **fixed: object) -> Lowering:
    """One operation of the same meaning; `settings` are attributes called alike here and there."""

    def lower(graph: Graph, node: Node, params: Params, x: str) -> str:
        own = {ours: getattr(node.layer, ours) for ours in settings}
        return graph.add(op, x, stem=node.name, **own, **fixed)

    return lower


def _leaky_relu(graph: Graph, node: Node, params: Params, x: str) -> str:
    slope: float = getattr(node.layer, "slope")  # noqa: B009 - of a class that the table names
    return graph.add("LeakyRelu", x, alpha=slope, stem=node.name)


def _prelu(graph: Graph, node: Node, params: Params, x: str) -> str:
    return graph.add("PRelu", x, _param(graph, node, params, "slope"), stem=node.name)


def _silu(graph: Graph, node: Node, params: Params, x: str) -> str:
    return graph.add("Mul", x, graph.add("Sigmoid", x), stem=node.name)


def _through(graph: Graph, node: Node, params: Params, x: str) -> str:
    return x


LAYERS: dict[str, Lowering] = {
    "dense": _affine,
    "drop_connect": _affine,
    "maxout": _maxout,
    "conv": _conv,
    "max_pool": _max_pool,
    "avg_pool": _avg_pool,
    "global_avg_pool": _global_avg_pool,
    "flatten": _flatten,
    "batch_norm": _batch_norm,
    "layer_norm": _row_norm(lambda node: 1),
    "group_norm": _row_norm(lambda node: getattr(node.layer, "groups")),  # noqa: B009
    "instance_norm": _row_norm(lambda node: node.shape[-1]),
    "dropout": _dropout,
    "residual": _residual,
    "identity": _through,
    "relu": _plain("Relu"),
    "sigmoid": _plain("Sigmoid"),
    "tanh": _plain("Tanh"),
    "softplus": _plain("Softplus"),
    "elu": _plain("Elu", "alpha"),
    "selu": _plain("Selu"),
    "gelu": _plain("Gelu", "approximate"),
    "leaky_relu": _leaky_relu,
    "prelu": _prelu,
    "silu": _silu,
}
