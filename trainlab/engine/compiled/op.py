"""The structs that Python shares with the interpreter, as op.h declares them."""

import ctypes
from typing import ClassVar

import numpy as np

INTS, FLOATS, POINTERS = 18, 8, 21
OP = np.dtype([("run", "u8"), ("i", "i8", INTS), ("f", "f8", FLOATS), ("p", "u8", POINTERS)], align=True)


class Step(ctypes.Structure):
    """tl_step: the step that is running."""

    def __init__(self, rows: int = 0) -> None:
        super().__init__(rows=rows, drop=1.0, decay=1.0)

    _fields_: ClassVar = [
        ("rows", ctypes.c_int64),
        ("index", ctypes.c_void_p),
        ("last", ctypes.c_int64),
        ("t", ctypes.c_int64),
        ("failed", ctypes.c_int64),
        ("leave", ctypes.c_void_p),
        ("lr", ctypes.c_double),
        ("drop", ctypes.c_double),
        ("decay", ctypes.c_double),
        ("loss", ctypes.c_double),
        ("hits", ctypes.c_double),
        ("squares", ctypes.c_double),
        ("grad2", ctypes.c_double),
        ("theta2", ctypes.c_double),
        ("move2", ctypes.c_double),
        ("clip", ctypes.c_double),
    ]


class Totals(ctypes.Structure):
    """tl_sums: totals over the steps of an epoch."""

    _fields_: ClassVar = [
        ("rows", ctypes.c_int64),
        ("steps", ctypes.c_int64),
        ("loss", ctypes.c_double),
        ("hits", ctypes.c_double),
        ("squares", ctypes.c_double),
        ("grad_norm", ctypes.c_double),
        ("update_ratio", ctypes.c_double),
    ]
