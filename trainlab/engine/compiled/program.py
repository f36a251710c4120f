"""Ops made ready to run, and those of them that are Python's."""

import ctypes
from collections.abc import Sequence

import numpy as np

from trainlab.core.types import Array
from trainlab.engine.compiled.builder import Call, Op, records
from trainlab.engine.compiled.library import Library
from trainlab.engine.compiled.op import Step

_FUNCTION = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)


class Program:
    """A flat array of ops over memory that lives as long as the program.

    What Python does inside it may raise: the error comes out of `once`, or of `raise_failed` after another call.
    """

    def __init__(self, ops: Sequence[Op], library: Library, kept: object) -> None:
        self.library, self.step, self._kept = library, Step(), kept
        self._ops = list(ops)  # the arrays that the records point to
        self._functions: list[object] = []
        self._error: BaseException | None = None
        self.table = records(ops, library, self._pointer)

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
        """One pass over all ops with a batch of so many rows."""
        self.step.rows = rows
        self.library.once(self.table, self.step)
        if self.step.failed:
            self.raise_failed()

    @property
    def index(self) -> Array:
        """The batch's row numbers, in a call of Python's."""
        kind = ctypes.c_int64 * self.step.rows
        return np.frombuffer(kind.from_address(self.step.index), np.int64)

    def raise_failed(self) -> None:
        """Raise what Python raised inside the last call, if it did."""
        error, self._error = self._error, None
        if self.step.failed and error is not None:
            self.step.failed = 0
            raise error
