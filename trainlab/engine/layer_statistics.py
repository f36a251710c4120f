"""Statistics of every layer after a step, and where the first non-finite number is.

Activations are measured on the first eighth of the batch (at least 16 rows): rows are shuffled, so this is a fair
sample. The functions here are the NumPy reference; `compiled/statistics.py` computes the same numbers by kernels.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite, nan, sqrt

import numpy as np

from trainlab.core.types import Array
from trainlab.engine.backend import Backend
from trainlab.engine.buffers import Workspace
from trainlab.engine.graph import Node
from trainlab.engine.probe_sums import flat, silent, units_that_fire

OF_WEIGHTS = ("grad_norm", "weight_norm", "update_ratio")

Name = tuple[str, str]  # layer, quantity


class LayerStatistics:
    """Measures the layers of one network after a step, in the memory in which the step was done.

    names: (layer, quantity) of each of the `values`.
    """

    def __init__(self, backend: Backend, nodes: Sequence[Node], work: Workspace, step: Mapping[str, Array]) -> None:
        """work: the training workspace · step: the change of each trained param, by name; frozen ones are left out."""
        self.names: tuple[Name, ...] = tuple(
            (node.name, q) for node in nodes for q in [*of_outputs(node), *len(node.weight_keys) * OF_WEIGHTS]
        )
        self._measured = backend.prepare_statistics(nodes, work, step)

    def values(self, rows: int) -> Array:
        """What `layer_values` yields after a step with so many rows (float64); valid until the next call."""
        return self._measured(rows)


def measured_rows(rows: int) -> int:
    """How many rows of a batch are measured."""
    return min(rows, max(16, rows // 8))


def of_outputs(node: Node) -> list[str]:
    """The quantities that are measured of a layer's outputs."""
    if node.layer.view:
        return []
    dead = ["dead"] if node.layer.fires else []
    return ["mean", "std", *dead, *(["saturated"] if node.layer.saturates else [])]


def statistic(quantity: str, node: Node, y: Array) -> float:
    """One number of a layer's outputs y.

    mean, std: of all of them, nan where one is not finite · dead: share of units that are zero for every row ·
    saturated: share of outputs at a flat end (sigmoid, tanh).
    """
    return _STATISTICS[quantity](node, y)


def _mean(_: Node, y: Array) -> float:
    return float(np.add.reduce(y.ravel())) / y.size


def _std(node: Node, y: Array) -> float:
    mean, values = _mean(node, y), y.ravel()
    variance = float(np.dot(values, values)) / values.size - mean * mean
    return sqrt(max(0.0, variance)) if isfinite(variance) else nan


def _dead(_: Node, y: Array) -> float:
    return silent(units_that_fire(y))


def _saturated(node: Node, y: Array) -> float:
    return flat(y, node.layer.saturates) if node.layer.saturates else 0.0


_STATISTICS = {"mean": _mean, "std": _std, "dead": _dead, "saturated": _saturated}


def layer_values(nodes: Sequence[Node], work: Workspace, step: Mapping[str, Array]) -> Iterator[tuple[str, str, float]]:
    """(layer, quantity, value) of every layer after a step: of its outputs (see `statistic`), then of each weight array
    grad_norm, weight_norm and update_ratio = |step| / |W|.

    step: the change of each param by name; a param that is missing has not changed.
    """
    rows = measured_rows(work.rows)
    for node in nodes:
        slot = work.slots[node.name]
        for quantity in of_outputs(node):
            yield node.name, quantity, statistic(quantity, node, slot.y[:rows])
        for key in node.weight_keys:
            norm, change = _norm(slot.p[key]), step.get(f"{node.name}.{key}")
            moved = 0.0 if change is None else _norm(change)
            found = _norm(slot.g[key]), norm, moved / norm if norm else nan
            yield from ((node.name, name, value) for name, value in zip(OF_WEIGHTS, found, strict=True))


def _norm(a: Array) -> float:
    return sqrt(float(np.vdot(a, a)))


def first_non_finite(nodes: Sequence[Node], work: Workspace) -> str:
    """The place of the first non-finite number in the order of the computation: `input`, a param (`dense1.W`), a
    layer's output (`relu2`), a gradient (`gradient of dense1.W`), or `loss` if all others are finite.
    """
    if not np.isfinite(work.x).all():
        return "input"
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
