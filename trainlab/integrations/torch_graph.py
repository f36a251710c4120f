"""What the graph of a loss shows: which loss it is, what goes into it, and whether anything in the network bends.

The nodes stay when the backward pass has freed the tensors; their names, shapes and whole numbers can still be read.
"""

from collections import deque
from collections.abc import Iterator
from typing import Any

from trainlab.integrations.reading import LossFacts

LOSSES = {
    "NllLoss": "softmax_cross_entropy",
    "NllLoss2D": "softmax_cross_entropy",
    "CrossEntropyLoss": "softmax_cross_entropy",
    "BinaryCrossEntropyWithLogits": "binary_cross_entropy",
    "MseLoss": "mse",
    "L1Loss": "mae",
    "SmoothL1Loss": "huber",
    "HuberLoss": "huber",
}
_BOUNDED = {"Softmax": "softmax", "Sigmoid": "sigmoid", "Tanh": "tanh", "Relu": "relu"}
_MOVES = ("View", "UnsafeView", "ReshapeAlias", "Squeeze", "Unsqueeze", "Transpose", "Permute", "Clone", "ToCopy", "T")
_LINEAR = (
    *_MOVES,
    *("Add", "Sub", "Neg", "Mean", "Sum", "Cat", "Slice", "Select", "Expand", "NativeBatchNorm", "NativeDropout"),
    *("AvgPool2D", "AvgPool1D", "AdaptiveAvgPool2D", "Embedding", "AccumulateGrad"),
)
_PRODUCTS = ("Addmm", "Mm", "Convolution")  # of weights and what comes from below
_DEEP = 24  # nodes of a loss's graph that are inspected: its own sum and scale, not the network
_MOST = 2000  # nodes of a network that are looked at; a larger one is not linear by mistake


def read_graph(node: Any) -> LossFacts:
    """Read the graph from its last node. What is added to the loss (a penalty, label smoothing) and what it is divided
    by do not matter.
    """
    losses = list(_losses(node)) or _absolute(node)
    names = {LOSSES.get(kind(loss), "mae") for loss in losses}
    if len(names) != 1:
        return LossFacts()
    name, loss = names.pop(), losses[0]
    before = _after_moves(_first(loss))
    mean = kind(node) != "Sum" and all(getattr(each, "_saved_reduction", 1) == 1 for each in losses)
    if name == "softmax_cross_entropy":
        return _of_classes(losses, before, mean)
    spread = None
    if kind(_first(loss)) == "Expand" and _first(_first(loss)) is not None:
        made, given = _shape(_first(loss)), _shape(_first(_first(loss)))
        spread = (given, made) if _size(made) > _size(given) > 1 else None
    bounded = _BOUNDED.get(kind(before), "") if name == "binary_cross_entropy" else ""
    return LossFacts(name, mean=mean, squashed=bounded, spread=spread, linear=_linear(before))


def kind(node: Any) -> str:
    """`ReluBackward0` as `Relu`."""
    return "" if node is None else str(node.name()).split("::")[-1].partition("Backward")[0]


def _of_classes(losses: list[Any], before: Any, mean: bool) -> LossFacts:
    shapes = {_shape(_first(loss)) for loss in losses}
    classes = {shape[1] for shape in shapes if len(shape) > 1}
    below, over_rows = before, False
    if kind(before) == "LogSoftmax":
        below = _after_moves(_first(before))
        dim, axes = int(getattr(before, "_saved_dim", 1)), len(_shape(before))
        over_rows = axes > 1 and (dim if dim < 1 << 63 else dim - (1 << 64)) in (0, -axes)
    return LossFacts(
        "softmax_cross_entropy",
        classes.pop() if len(classes) == 1 else 0,
        mean,
        squashed=_BOUNDED.get(kind(below), ""),
        unlogged=kind(before) in ("Softmax", "Sigmoid"),
        over_rows=over_rows,
        linear=_linear(below),
    )


def _losses(node: Any) -> Iterator[Any]:
    """The nodes of the losses at the head of a graph."""
    queue, looked = deque([node] if node is not None else []), 0
    while queue and looked < _DEEP:
        node = queue.popleft()
        looked += 1
        if kind(node) in LOSSES:
            yield node
        else:
            queue.extend(_below(node))


def _absolute(node: Any) -> list[Any]:
    """The difference whose absolute values are averaged: `l1_loss` has no node of its own."""
    inner = _first(node) if kind(node) in ("Mean", "Sum") else None
    below = _first(inner) if kind(inner) == "Abs" else None
    return [below] if kind(below) == "Sub" else []


def _linear(node: Any) -> int:
    """How many weight matrices are multiplied below, if nothing bends between them; 0 if something does, or might.

    A narrow waist between wide layers is a plan of its own, as in a principal component analysis: 0, too.
    """
    head = node
    while head is not None and kind(head) in _MOVES:
        head = _first(head)
    if kind(head) not in _PRODUCTS:
        return 0
    seen, queue, widths = {head}, deque([head]), list[tuple[int, int]]()
    while queue:
        node = queue.popleft()
        below, name = list(_below(node)), kind(node)
        if name in _PRODUCTS:
            widths += [shape for child in below if (shape := _weights(child)) is not None]
        elif name not in _LINEAR and not (name in ("Mul", "Div") and len(below) == 1):
            return 0
        queue.extend(child for child in below if child not in seen)
        seen.update(below)
        if len(seen) > _MOST:
            return 0
    if len(widths) < 2:
        return 0
    inner = [made for made, _ in widths[1:]]
    return len(widths) if max(inner) >= min(widths[0][0], widths[-1][1]) else 0


def _weights(node: Any) -> tuple[int, int] | None:
    """(outputs, inputs) of a weight matrix, or of filters, that is a leaf here; None for anything else."""
    leaf = _first(node) if kind(node) == "T" else node
    shape = getattr(getattr(leaf, "variable", None), "shape", ())
    return (int(shape[0]), int(shape[1])) if len(shape) > 1 else None


def _after_moves(node: Any) -> Any:
    while node is not None and kind(node) in _MOVES:
        node = _first(node)
    return node


def _first(node: Any) -> Any:
    """The node below that the first argument came from."""
    return node.next_functions[0][0] if node is not None and node.next_functions else None


def _below(node: Any) -> Iterator[Any]:
    return (child for child, _ in node.next_functions if child is not None)


def _shape(node: Any) -> tuple[int, ...]:
    """The shape of what a node computed."""
    made = getattr(node, "_input_metadata", ())
    return tuple(int(n) for n in made[0].shape) if made else ()


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for n in shape:
        size *= n
    return size
