"""What `layer_statistics.py` measures of the layers, by kernels: one call for all layers."""

from collections.abc import Mapping, Sequence

import numpy as np

from trainlab.core.types import Array
from trainlab.engine.backend import Statistics
from trainlab.engine.buffers import Workspace
from trainlab.engine.compiled.builder import Builder
from trainlab.engine.compiled.library import Library
from trainlab.engine.compiled.program import Program
from trainlab.engine.graph import Node
from trainlab.engine.layer_statistics import OF_WEIGHTS, measured_rows, of_outputs

_CHUNK = 8192  # numbers that are measured together, as in statistics.c


def compile_statistics(
    nodes: Sequence[Node], work: Workspace, step: Mapping[str, Array], library: Library
) -> Statistics:
    """A function that writes into memory of its own, used again by the next call."""
    measured = sum(len(of_outputs(n)) + len(n.weight_keys) * len(OF_WEIGHTS) for n in nodes)
    values = np.empty(measured)
    program = _measuring(nodes, work, step, values, library)

    def measure(rows: int) -> Array:
        program.once(measured_rows(rows))
        return values

    return measure


def _measuring(
    nodes: Sequence[Node], work: Workspace, step: Mapping[str, Array], values: Array, library: Library
) -> Program:
    b, at = Builder(library, measured_rows(work.rows), train=False), 0
    for node in nodes:
        slot = work.slots[node.name]
        for quantity in of_outputs(node):
            if quantity != "std":  # `mean` writes it too
                _lower_statistic(b, quantity, node, slot.y, values[at:])
            at += 1
        for key in node.weight_keys:
            g, w, change = slot.g[key], slot.p[key], step.get(f"{node.name}.{key}")
            sums = b.memory((3 * _pieces(w.size, _CHUNK),), np.float64)
            b.forward("weight_statistics", [w.size], [], [g, w, change, values[at:], sums])
            at += len(OF_WEIGHTS)
    return Program(b.forwards, library, b)


def _lower_statistic(b: Builder, quantity: str, node: Node, y: Array, out: Array) -> None:
    """The op that writes one number of a layer's outputs y to the start of out; `mean` writes `std` after it."""
    width, units = int(np.prod(y.shape[1:])), y.shape[-1]
    if quantity == "mean":
        sums = b.memory((2 * _pieces(b.rows * width, _CHUNK),), np.float64)
        b.forward("layer_moments", [width], [], [y, out, sums])
    elif quantity == "dead":
        b.forward("layer_dead", [width, units], [], [y, out, b.memory((units,), np.int32)])
    elif node.layer.saturates:
        lower_saturated(b, node.layer.saturates, y, out)


def lower_saturated(b: Builder, ends: tuple[float, float], y: Array, out: Array) -> None:
    """The op that writes the share of outputs y beyond these ends."""
    width = int(np.prod(y.shape[1:]))
    b.forward("layer_saturated", [width], ends, [y, out, b.memory((_pieces(b.rows * width, _CHUNK),), np.float64)])


def _pieces(n: int, size: int) -> int:
    return -(-n // size)
