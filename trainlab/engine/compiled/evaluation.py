"""Evaluation by kernels: the forward pass of a batch is one call, and so are the scores of a whole set of rows."""

import ctypes
from typing import Any

import numpy as np

from trainlab.core.types import Array
from trainlab.data.lazy import gather
from trainlab.engine.buffers import Workspace, aligned
from trainlab.engine.compiled.builder import Builder, Op
from trainlab.engine.compiled.chain import lower_workspace
from trainlab.engine.compiled.library import Library
from trainlab.engine.compiled.op import Totals
from trainlab.engine.compiled.program import Program
from trainlab.engine.compiled.rules import gather_op, loss_op, targets_op
from trainlab.nn.loss import Loss

_SETS = 2  # sets of rows whose programs are cached: training and validation rows


class CompiledEvaluation:
    """Outputs and scores in the memory of a workspace, which holds a batch."""

    def __init__(self, work: Workspace, loss: Loss, library: Library) -> None:
        self._work, self._loss, self._library = work, loss, library
        self._builder = b = Builder(library, work.rows, train=False)
        lower_workspace(b, work)
        self._forward = Program(b.forwards, library, b)
        self._sets: list[tuple[Any, Array, Array | None, Array, Program | None]] = []

    def forward(self, rows: int) -> None:
        """y of the first `rows` rows of x."""
        self._forward.once(rows)

    def scores(self, x: Any, t: Array, w: Array | None) -> tuple[float, float] | None:
        """Mean loss and hits over all rows of x with targets t and weights w; None if the loss has no kernel for such
        targets.
        """
        index, program = self._set(x, t, w)
        if program is None:
            return None
        sums = Totals()
        self._library.c.tl_evaluate(
            ctypes.c_void_p(program.table.ctypes.data),
            ctypes.c_int64(len(program.table)),
            ctypes.byref(program.step),
            ctypes.byref(sums),
            ctypes.c_void_p(index.ctypes.data),
            ctypes.c_int64(len(index)),
            ctypes.c_int64(self._work.rows),
        )
        program.raise_failed()
        return sums.loss / sums.rows, sums.hits

    def _set(self, x: Any, t: Array, w: Array | None) -> tuple[Array, Program | None]:
        """The indices of all rows, and the program that scores them; those of the last sets are cached."""
        for known in self._sets:
            if known[0] is x and known[1] is t and known[2] is w:
                return known[3:]
        made = x, t, w, np.arange(len(t)), self._scoring(x, t, w)
        self._sets = [*self._sets, made][-_SETS:]
        return made[3:]

    def _scoring(self, x: Any, t: Array, w: Array | None) -> Program | None:
        b, work, made = self._builder, self._work, list[Program]()
        batch = aligned((work.rows, *t.shape[1:]), t.dtype)
        weights = None if w is None else aligned((work.rows,), w.dtype)
        loss = loss_op(b, self._loss, work.y, batch, None, weights)
        if loss is None:
            return None
        read = Op("call", call=lambda rows: gather(x, made[0].index, work.x[:rows]))
        targets = [targets_op(t, batch), *([] if w is None or weights is None else [targets_op(w, weights)])]
        made.append(Program([gather_op(x, work.x) or read, *targets, *b.forwards, loss], self._library, b))
        return made[0]
