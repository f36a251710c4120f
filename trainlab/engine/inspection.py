"""Looks into a network after a step: statistics of every layer, and where the first non-finite number stands.

Activations are measured on the first eighth of the batch's rows (at least 16): rows are shuffled, so that is a fair
sample. Nothing here is done at every step.
"""

from collections.abc import Iterator
from math import sqrt

import numpy as np

from trainlab.core.types import Array
from trainlab.engine.memory import Workspace
from trainlab.engine.net import Net
from trainlab.nn.activation import Activation

BINS = 16  # of a histogram of activations over [-EDGE, EDGE]; what lies outside counts in the outer bins
EDGE = 4.0
SATURATION = {"sigmoid": (0.01, 0.99), "tanh": (-0.99, 0.99)}  # outputs beyond these pass less than 2 % of dy

Value = tuple[str, str, float]  # layer, quantity, value


def sample(a: Array) -> Array:
    """The rows of a batch that are measured."""
    return a[: max(16, len(a) // 8)]


def layer_values(net: Net, work: Workspace, step: Array) -> Iterator[Value]:
    """Statistics of every layer after a step: of its outputs, and of its weights' gradient and change.

    mean, std: of the outputs · dead: share of an activation's units that are zero for every measured row ·
    saturated: share of outputs in a flat end (sigmoid, tanh) · grad_norm, weight_norm, update_ratio: of its weights.
    """
    for node in net.all_nodes():
        slot = work.slots[node.name]
        if not node.layer.view:
            y = sample(slot.y)
            flat = y.ravel()
            mean = float(np.add.reduce(flat)) / flat.size
            yield node.name, "mean", mean
            yield node.name, "std", sqrt(max(0.0, float(np.dot(flat, flat)) / flat.size - mean * mean))
            if isinstance(node.layer, Activation):
                if node.layer.name == "relu":
                    fires = np.maximum.reduce(y.reshape(-1, y.shape[-1]), axis=0)
                    yield node.name, "dead", 1.0 - np.count_nonzero(fires) / fires.size
                ends = SATURATION.get(node.layer.name)
                if ends:
                    yield node.name, "saturated", float(np.mean((y < ends[0]) | (y > ends[1])))
        for key, g in slot.g.items():
            if node.params[key].role == "weight":
                norm = _length(slot.p[key])
                yield node.name, "grad_norm", _length(g)
                yield node.name, "weight_norm", norm
                change = net.part(step, f"{node.name}.{key}")
                moved = 0.0 if change is None else _length(change)
                yield node.name, "update_ratio", moved / norm if norm else float("nan")


def _length(a: Array) -> float:
    return sqrt(float(np.vdot(a, a)))


def histograms(net: Net, work: Workspace) -> Iterator[Value]:
    """The share of each activation layer's outputs in each of the bins: `bin00` ... `bin15`."""
    for node in net.all_nodes():
        if isinstance(node.layer, Activation):
            y = sample(work.slots[node.name].y)
            index = np.clip((y + EDGE) * (BINS / (2 * EDGE)), 0, BINS - 1).astype(np.int64)
            shares = np.bincount(index.ravel(), minlength=BINS) / y.size
            yield from ((node.name, f"bin{i:02d}", float(share)) for i, share in enumerate(shares))


def first_broken(net: Net, work: Workspace) -> str:
    """Where the first non-finite number stands, in the order of the computation: `input`, a param (`dense1.W`), a
    layer's output (`relu2`), `loss`, or a gradient (`gradient of dense1.W`).
    """
    if not np.isfinite(work.x).all():
        return "input"
    nodes = net.all_nodes()
    for node in nodes:
        slot = work.slots[node.name]
        for key, p in slot.p.items():
            if not np.isfinite(p).all():
                return f"{node.name}.{key}"
        if not np.isfinite(slot.y).all():
            return node.name
    for node in reversed(nodes):
        for key, g in work.slots[node.name].g.items():
            if not np.isfinite(g).all():
                return f"gradient of {node.name}.{key}"
    return "loss"
