"""A flat array of ops, ready to run."""

import ctypes
from collections.abc import Sequence

import numpy as np

from trainlab.core.types import Array
from trainlab.engine.compiled.builder import Call, Op, op_table
from trainlab.engine.compiled.library import Library
from trainlab.engine.compiled.op import Step

_FUNCTION = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)


class Program:
    """Ops as the interpreter reads them, with the memory that they point to.

    step: what the ops read and write; programs may share one. A Python function between the kernels may raise: `once`
    raises its error, and `raise_failed` after any other call.
    """

    def __init__(self, ops: Sequence[Op], library: Library, keep_alive: object, step: Step | None = None) -> None:
        self.library, self.step, self._keep_alive = library, Step() if step is None else step, keep_alive
        self._ops = list(ops)  # the table holds bare addresses of their arrays
        self._functions: list[object] = []
        self._error: BaseException | None = None
        self.table = op_table(ops, library, self._pointer)

    def _pointer(self, call: Call) -> int:
        def guarded(rows: int) -> int:
            try:
                call(rows)
            except BaseException as error:
                self._error = error
                return 1
            return 0

        function = _FUNCTION(guarded)
        self._functions.append(function)
        return ctypes.cast(function, ctypes.c_void_p).value or 0

    def once(self, rows: int) -> None:
        """Run all ops once, for a batch of so many rows."""
        self.step.rows = rows
        self.library.once(self.table, self.step)
        if self.step.failed:
            self.raise_failed()

    @property
    def index(self) -> Array:
        """The indices of the batch's rows; valid inside a Python function between kernels."""
        kind = ctypes.c_int64 * self.step.rows
        return np.frombuffer(kind.from_address(self.step.index), np.int64)

    def raise_failed(self) -> None:
        """Raise the error of a Python function in the last call, if there was one."""
        error, self._error = self._error, None
        if self.step.failed and error is not None:
            self.step.failed = 0
            raise error
