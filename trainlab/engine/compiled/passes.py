"""The passes of `engine/passes.py` as ops: layers are lowered one by one, so that nothing is left out between them."""

from collections.abc import Sequence

import numpy as np

from trainlab.core.types import Array
from trainlab.engine.buffers import Workspace
from trainlab.engine.compiled.builder import Builder, Op
from trainlab.engine.compiled.library import Library
from trainlab.engine.compiled.plan import lower_workspace
from trainlab.engine.compiled.program import Program
from trainlab.engine.compiled.statistics import lower_saturated
from trainlab.engine.outputs import Spread
from trainlab.engine.passes import Passes
from trainlab.nn.layer import Slot


class PassesPlan(Passes):
    """By kernels."""

    def __init__(self, work: Workspace, library: Library) -> None:
        super().__init__(work)
        b = Builder(library, work.rows, train=work.train, apart=True)
        lower_workspace(b, work)
        self._forward, self._backward = self._program(b.forwards, b), self._program(b.backwards, b)
        self._before, self._flat = np.zeros(1, np.int64), list[tuple[str, Array]]()
        self._sums = self._lowered(library)

    def forget(self) -> None:
        """The kernels, too."""
        super().forget()
        self._before[0] = 0

    def forward(self, rows: int) -> None:
        """One call."""
        self._forward.once(rows)

    def backward(self, rows: int) -> None:
        """One call."""
        self._backward.once(rows)

    def add(self, rows: int) -> None:
        """One call; only the sizes of layers that may be random are NumPy's."""
        self._sums.once(rows)
        self._before[0] += rows
        for name, share in self._flat:
            self.layers[name].add_flat(float(share[0]), rows)
        self.input.rows += rows
        for name, outputs in self.layers.items():
            slot: Slot = self.work.slots[name]
            outputs.spread.rows += rows
            outputs.add_sizes(slot.x[:rows], slot.y[:rows])

    def _program(self, ops: Sequence[Op], b: Builder) -> Program:
        made = Program(ops, b.library, b)
        made.step.last = 1  # somebody looks at every layer
        return made

    def _lowered(self, library: Library) -> Program:
        b = Builder(library, self.work.rows, train=False)
        self._lower_spread(b, self.work.x, self.input)
        for name, outputs in self.layers.items():
            y = self.work.slots[name].y
            self._lower_spread(b, y, outputs.spread)
            if outputs.fires is not None:
                b.forward("layer_fired", [int(np.prod(y.shape[1:])), y.shape[-1]], [], [y, outputs.fires])
            if outputs.ends is not None:
                self._flat.append((name, np.empty(1)))
                lower_saturated(b, outputs.ends, y, self._flat[-1][1])
        return Program(b.forwards, library, b)

    def _lower_spread(self, b: Builder, y: Array, spread: Spread) -> None:
        b.forward("layer_spread", [int(np.prod(y.shape[1:]))], [], [y, spread.mean, spread.squares, self._before])
