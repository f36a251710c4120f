"""Looks into a network after a step: statistics of every layer, and where the first non-finite number stands.

Activations are measured on the first eighth of the batch's rows (at least 16): rows are shuffled, so that is a fair
sample. Nothing here is done at every step. `gauge` measures by kernels where there are some (`plan/statistics.py`);
what they compute is written out here in NumPy.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from math import isfinite, nan, sqrt

import numpy as np

from trainlab.core.types import Array
from trainlab.engine.buffers import Node, Workspace
from trainlab.engine.network import Net
from trainlab.nn.activation import Activation

BINS = 16  # of a histogram of activations over [-EDGE, EDGE]; what lies outside counts in the outer bins
EDGE = 4.0
OF_WEIGHTS = ("grad_norm", "weight_norm", "update_ratio")
SATURATION = {"sigmoid": (0.01, 0.99), "tanh": (-0.99, 0.99)}  # outputs beyond these pass less than 2 % of dy

Name = tuple[str, str]  # layer, quantity
Value = tuple[str, str, float]  # the same, and what was measured


def measured_rows(rows: int) -> int:
    """How many rows of a batch are measured."""
    return min(rows, max(16, rows // 8))


def of_outputs(node: Node) -> list[str]:
    """What is measured of a layer's outputs."""
    if node.layer.view:
        return []
    dead = ["dead"] if node.layer.name == "relu" else []
    return ["mean", "std", *dead, *(["saturated"] if node.layer.name in SATURATION else [])]


def weights(node: Node) -> list[str]:
    """The keys of a layer's weight arrays."""
    return [key for key, param in node.params.items() if param.role == "weight"]


def binned(net: Net) -> list[Node]:
    """The layers whose outputs are counted in histograms."""
    return [node for node in net.all_nodes() if isinstance(node.layer, Activation)]


def statistic(quantity: str, node: Node, y: Array) -> float:
    """One number of a layer's outputs y.

    mean, std: of all of them, nan where one is not finite · dead: share of units that fire nowhere · saturated: share
    of outputs in a flat end (sigmoid, tanh).
    """
    return _STATISTICS[quantity](node, y)


def _mean(_: Node, y: Array) -> float:
    return float(np.add.reduce(y.ravel())) / y.size


def _std(node: Node, y: Array) -> float:
    mean, flat = _mean(node, y), y.ravel()
    variance = float(np.dot(flat, flat)) / flat.size - mean * mean
    return sqrt(max(0.0, variance)) if isfinite(variance) else nan


def fires(y: Array) -> Array:
    """Which units (the last axis) are above zero anywhere."""
    return np.any(y.reshape(-1, y.shape[-1]) > 0, axis=0)


def silent(fires: Array) -> float:
    """The share of units that do not fire."""
    return 1.0 - float(np.count_nonzero(fires)) / fires.size


def flat(y: Array, ends: tuple[float, float]) -> float:
    """The share of outputs beyond either end, where an activation is flat."""
    return float(np.mean((y < ends[0]) | (y > ends[1])))


def _dead(_: Node, y: Array) -> float:
    return silent(fires(y))


def _saturated(node: Node, y: Array) -> float:
    return flat(y, SATURATION[node.layer.name])


_STATISTICS = {"mean": _mean, "std": _std, "dead": _dead, "saturated": _saturated}


def layer_values(net: Net, work: Workspace, step: Array) -> Iterator[Value]:
    """Statistics of every layer after a step: of its outputs (`statistic` says which), and of its weights' gradient and
    change: grad_norm, weight_norm, update_ratio.
    """
    rows = measured_rows(work.rows)
    for node in net.all_nodes():
        slot = work.slots[node.name]
        for quantity in of_outputs(node):
            yield node.name, quantity, statistic(quantity, node, slot.y[:rows])
        for key in weights(node):
            norm, change = _length(slot.p[key]), net.part(step, f"{node.name}.{key}")
            moved = 0.0 if change is None else _length(change)
            found = _length(slot.g[key]), norm, moved / norm if norm else nan
            yield from ((node.name, name, value) for name, value in zip(OF_WEIGHTS, found, strict=True))


def _length(a: Array) -> float:
    return sqrt(float(np.vdot(a, a)))


def histograms(net: Net, work: Workspace) -> Iterator[Value]:
    """The share of each activation layer's outputs in each of the bins: `bin00` ... `bin15`. A nan is in none."""
    for node in binned(net):
        y = work.slots[node.name].y[: measured_rows(work.rows)].ravel()
        index = np.clip((y[y == y] + EDGE) * (BINS / (2 * EDGE)), 0, BINS - 1).astype(np.int64)
        shares = np.bincount(index, minlength=BINS) / y.size
        yield from ((node.name, f"bin{i:02d}", float(share)) for i, share in enumerate(shares))


class Gauge(ABC):
    """Measures the layers of one network after a step, in the memory that the step was done in.

    names, bins: which number of `values`, and of `shares`, is what.
    """

    def __init__(self, net: Net, work: Workspace, step: Array) -> None:
        self.net, self.work, self.step = net, work, step
        self.names: tuple[Name, ...] = tuple(
            (node.name, q) for node in net.all_nodes() for q in [*of_outputs(node), *len(weights(node)) * OF_WEIGHTS]
        )
        self.bins: tuple[Name, ...] = tuple((node.name, f"bin{i:02d}") for node in binned(net) for i in range(BINS))

    @abstractmethod
    def values(self, rows: int) -> Array:
        """What `layer_values` yields after a step with so many rows; good until the next call."""

    @abstractmethod
    def shares(self, rows: int) -> Array:
        """What `histograms` yields, likewise."""


class NumpyGauge(Gauge):
    """By NumPy: the reference."""

    def values(self, rows: int) -> Array:
        """All values."""
        return np.array([value for _, _, value in layer_values(self.net, self.work.first(rows), self.step)])

    def shares(self, rows: int) -> Array:
        """All shares."""
        return np.array([share for _, _, share in histograms(self.net, self.work.first(rows))])


def gauge(net: Net, work: Workspace, step: Array) -> Gauge:
    """Who measures this network fastest. work: for the largest batch · step: what each param changes by."""
    if net.library is None:
        return NumpyGauge(net, work, step)
    from trainlab.engine.compiled.statistics import StatisticsPlan

    return StatisticsPlan(net, work, step, net.library)


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
