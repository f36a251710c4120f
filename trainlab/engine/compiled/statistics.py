"""What `engine/inspection.py` measures of the layers, as ops over the same memory: one call for all of them."""

import numpy as np

from trainlab.core.types import Array
from trainlab.engine.buffers import Node, Workspace
from trainlab.engine.compiled.builder import Builder
from trainlab.engine.compiled.library import Library
from trainlab.engine.compiled.program import Program
from trainlab.engine.inspection import BINS, OF_WEIGHTS, SATURATION, Gauge, binned, measured_rows, of_outputs, weights
from trainlab.engine.network import Net

_CHUNK = 8192  # numbers that are measured together, as in statistics.c


class StatisticsPlan(Gauge):
    """By kernels, in memory of its own that is used again by the next look."""

    def __init__(self, net: Net, work: Workspace, step: Array, library: Library) -> None:
        super().__init__(net, work, step)
        self._values, self._shares = np.empty(len(self.names)), np.empty(len(self.bins))
        self._measure, self._count = self._measuring(library), self._counting(library)

    def values(self, rows: int) -> Array:
        """One call."""
        self._measure.once(measured_rows(rows))
        return self._values

    def shares(self, rows: int) -> Array:
        """One call."""
        self._count.once(measured_rows(rows))
        return self._shares

    def _measuring(self, library: Library) -> Program:
        b, at = Builder(library, measured_rows(self.work.rows), train=False), 0
        for node in self.net.all_nodes():
            slot = self.work.slots[node.name]
            for quantity in of_outputs(node):
                if quantity != "std":  # which comes with the mean
                    lower_statistic(b, quantity, node, slot.y, self._values[at:])
                at += 1
            for key in weights(node):
                g, w, change = slot.g[key], slot.p[key], self.net.part(self.step, f"{node.name}.{key}")
                sums = b.memory((3 * _pieces(w.size, _CHUNK),), np.float64)
                b.forward("weight_statistics", [w.size], [], [g, w, change, self._values[at:], sums])
                at += len(OF_WEIGHTS)
        return Program(b.forwards, library, b)

    def _counting(self, library: Library) -> Program:
        b = Builder(library, measured_rows(self.work.rows), train=False)
        for i, node in enumerate(binned(self.net)):
            width = int(np.prod(node.out_shape))
            counts = b.memory((BINS * _pieces(b.rows * width, _CHUNK),), np.int64)
            b.forward("layer_histogram", [width], [], [self.work.slots[node.name].y, self._shares[BINS * i :], counts])
        return Program(b.forwards, library, b)


def lower_statistic(b: Builder, quantity: str, node: Node, y: Array, out: Array) -> None:
    """The op that writes a number of a layer's outputs y to the first place of out; `mean` writes `std` beside it."""
    width, units = int(np.prod(y.shape[1:])), y.shape[-1]
    if quantity == "mean":
        sums = b.memory((2 * _pieces(b.rows * width, _CHUNK),), np.float64)
        b.forward("layer_moments", [width], [], [y, out, sums])
    elif quantity == "dead":
        b.forward("layer_dead", [width, units], [], [y, out, b.memory((units,), np.int32)])
    else:
        lower_saturated(b, SATURATION[node.layer.name], y, out)


def lower_saturated(b: Builder, ends: tuple[float, float], y: Array, out: Array) -> None:
    """The op that writes the share of outputs y beyond these ends."""
    width = int(np.prod(y.shape[1:]))
    b.forward("layer_saturated", [width], ends, [y, out, b.memory((_pieces(b.rows * width, _CHUNK),), np.float64)])


def _pieces(n: int, size: int) -> int:
    return -(-n // size)
