"""Passes of a probe by kernels: every layer is lowered by itself, so that all outputs are written, then summed up."""

from collections.abc import Sequence

import numpy as np

from trainlab.core.types import Array
from trainlab.engine.backend import Passes
from trainlab.engine.buffers import Workspace
from trainlab.engine.compiled.builder import Builder, Op
from trainlab.engine.compiled.chain import lower_workspace
from trainlab.engine.compiled.library import Library
from trainlab.engine.compiled.program import Program
from trainlab.engine.compiled.statistics import lower_saturated
from trainlab.engine.probe_sums import ProbeSums, Spread


def compile_passes(work: Workspace, sums: ProbeSums, library: Library) -> Passes:
    """Functions for the passes through this workspace, and for the sums over them."""
    b = Builder(library, work.rows, train=work.train, apart=True)
    lower_workspace(b, work)
    forward, backward = _whole(b.forwards, b), _whole(b.backwards, b)
    return Passes(forward.once, backward.once, _Adding(work, sums, library).add)


def _whole(ops: Sequence[Op], b: Builder) -> Program:
    """A program whose ops write all they can: the layers are inspected afterwards."""
    program = Program(ops, b.library, b)
    program.step.last = 1
    return program


class _Adding:
    """Adds the rows that went through last: one call, and in NumPy the sizes of layers that may be random."""

    def __init__(self, work: Workspace, sums: ProbeSums, library: Library) -> None:
        self._work, self._sums = work, sums
        self._before = np.zeros(1, np.int64)  # rows added so far
        self._flat: list[tuple[str, Array]] = []
        b = Builder(library, work.rows, train=False)
        self._lower_spread(b, work.x, sums.input)
        for name, outputs in sums.layers.items():
            y = work.slots[name].y
            self._lower_spread(b, y, outputs.spread)
            if outputs.fires is not None:
                b.forward("layer_fired", [int(np.prod(y.shape[1:])), y.shape[-1]], [], [y, outputs.fires])
            if outputs.ends is not None:
                self._flat.append((name, np.empty(1)))
                lower_saturated(b, outputs.ends, y, self._flat[-1][1])
        self._program = Program(b.forwards, library, b)

    def _lower_spread(self, b: Builder, y: Array, spread: Spread) -> None:
        b.forward("layer_spread", [int(np.prod(y.shape[1:]))], [], [y, spread.mean, spread.squares, self._before])

    def add(self, rows: int) -> None:
        """Add the first `rows` rows."""
        sums = self._sums
        self._before[0] = sums.input.rows
        self._program.once(rows)
        for name, share in self._flat:
            sums.layers[name].add_flat(float(share[0]), rows)
        sums.input.count(rows)
        for name, outputs in sums.layers.items():
            slot = self._work.slots[name]
            outputs.spread.count(rows)
            outputs.add_sizes(slot.x[:rows], slot.y[:rows])
