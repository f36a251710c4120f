"""Reads the arrays of numbers and characters of MATLAB 5 to 7 files (.mat), with every size and type checked.

SciPy's reader is not used, since a single damaged byte in a file can end the process.
Source: MathWorks, "MAT-File Format", Level 5.
"""

import struct
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

import numpy as np

from trainlab.core.errors import DataError
from trainlab.core.types import Array, Shape

_HEADER = 128
_MATRIX, _COMPRESSED = 14, 15
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_CODINGS = {16: "utf-8", 17: "utf-16", 18: "utf-32"}
_CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
_CHAR, _SPARSE = 4, 5
_OTHERS = {1: "cell", 2: "struct", 3: "object", _SPARSE: "sparse", 16: "function", 17: "object"}
_COMPLEX = 0x0800

CURES = {
    "cell": "save texts as char(x), one a row, and numbers as cell2mat(x)",
    "struct": "save its fields: save(file, '-struct', 'x', '-v7')",
    "sparse": "save it as full(x)",
    "object": "save categories as char(x), one a row, and other objects as numbers: double(x)",
    "function": "save arrays only",
    "complex": "save real(x) and imag(x)",
}


class DamagedError(ValueError):
    """The file contradicts its own structure."""


@dataclass(slots=True)
class MatlabFile:
    """The wanted arrays, in MATLAB's order of axes; `found`: each variable's shape; `refused`: why it is no array."""

    arrays: dict[str, Array] = field(default_factory=dict[str, Array])
    found: dict[str, Shape] = field(default_factory=dict[str, Shape])
    refused: dict[str, str] = field(default_factory=dict[str, str])


def read_matlab(path: str, file: Path, wanted: Collection[str]) -> MatlabFile:
    """The variables of this file. Texts come as (rows,), without the blanks that fill them up.

    Raises DataError for files of another kind, truncated and damaged ones.
    """
    data = file.read_bytes()
    if data.startswith(b"MATLAB 7.3"):
        raise DataError(f"{path}: is a MATLAB 7.3 file: use `name: hdf5`")
    order = {b"IM": "<", b"MI": ">"}.get(data[_HEADER - 2 : _HEADER])
    if order is None:
        raise DataError(f"{path}: not a MATLAB file of version 5 to 7; save it in MATLAB with save(file, '-v7')")
    read = MatlabFile()
    try:
        for kind, content in _elements(memoryview(data)[_HEADER:], order):
            packed = kind == _COMPRESSED
            inner = list(_elements(memoryview(zlib.decompress(content)), order)) if packed else [(kind, content)]
            for kind, content in inner:
                if kind != _MATRIX:
                    raise DamagedError
                _variable(read, content, order, wanted)
    except (DamagedError, zlib.error, UnicodeDecodeError):
        raise DataError(f"{path}: the file is truncated or damaged") from None
    return read


def as_texts(codes: Array) -> Array:
    """Texts (rows,) of characters (rows, width), without the blanks at their end."""
    return np.array(["".join(map(chr, row)).rstrip(" \0") for row in codes.tolist()], np.str_)


def rows_first(name: str, x: Array, y: Array) -> tuple[Array, Array, str]:
    """x and y with a row per example first, and what was done: MATLAB's programs often store examples last.

    >>> rows_first("X", np.zeros((32, 32, 3, 7)), np.zeros((7, 1)))[0].shape
    (7, 32, 32, 3)
    """
    if y.ndim == 2 and 1 in y.shape:
        y = y.reshape(-1)
    if not y.ndim or not x.ndim:
        return x, y, ""
    columns = y.ndim == 2 and y.shape[1] == x.shape[-1] and (len(y) != len(x) or y.shape[1] > len(y))
    last = columns or (len(y) == x.shape[-1] and (x.ndim > 2 or len(x) != len(y)))
    if not last or x.ndim == 1:
        return x, y, ""
    moved = np.moveaxis(x, -1, 0)
    return moved, y.T if columns else y, f"`{name}`: its last axis counts the rows: {x.shape} is read as {moved.shape}"


def _elements(data: memoryview, order: str) -> Iterator[tuple[int, memoryview]]:
    """Type and content of each data element."""
    at = 0
    while at < len(data):
        if at + 8 > len(data):
            raise DamagedError
        kind, size = struct.unpack_from(f"{order}II", data, at)
        start, after = at + 8, at + 8 + size
        if kind >> 16:  # a small element: its size is next to its type, its content in the place of the size
            kind, size = kind & 0xFFFF, kind >> 16
            start, after = at + 4, at + 8
            if size > 4:
                raise DamagedError
        elif kind != _COMPRESSED:
            after += -size % 8
        if start + size > len(data):
            raise DamagedError
        yield kind, data[start : start + size]
        at = after


def _variable(read: MatlabFile, content: memoryview, order: str, wanted: Collection[str]) -> None:
    parts = _elements(content, order)
    flags = _numbers(next(parts, None), order)
    if not len(flags):
        raise DamagedError
    kind, bits = int(flags[0]) & 0xFF, int(flags[0])
    if kind == 17:  # an object without dimensions, such as a table or a categorical
        name = _numbers(next(parts, None), order).astype(np.uint8).tobytes().decode("latin-1")
        read.refused[name] = "object"
        return
    shape = tuple(_numbers(next(parts, None), order).astype(int).tolist())
    if len(shape) < 2 or min(shape) < 0:
        raise DamagedError
    name = _numbers(next(parts, None), order).astype(np.uint8).tobytes().decode("latin-1")
    read.found[name] = shape
    if kind in _OTHERS or bits & _COMPLEX:
        read.refused[name] = _OTHERS.get(kind, "complex")
    elif name in wanted:
        read.arrays[name] = _array(kind, shape, next(parts, None), order)


def _array(kind: int, shape: Shape, stored: tuple[int, memoryview] | None, order: str) -> Array:
    if kind != _CHAR and kind not in _CLASSES:
        raise DamagedError
    values = _characters(stored, order) if kind == _CHAR else _numbers(stored, order)
    if len(values) != prod(shape):
        raise DamagedError
    values = values.reshape(shape, order="F")
    return as_texts(values.reshape(shape[0], -1)) if kind == _CHAR else values.astype(_CLASSES[kind])


def _numbers(stored: tuple[int, memoryview] | None, order: str) -> Array:
    if stored is None or stored[0] not in _NUMBERS:
        raise DamagedError
    dtype = np.dtype(order + _NUMBERS[stored[0]])
    if len(stored[1]) % dtype.itemsize:
        raise DamagedError
    return np.frombuffer(stored[1], dtype)


def _characters(stored: tuple[int, memoryview] | None, order: str) -> Array:
    if stored is not None and stored[0] in _CODINGS:
        coding = _CODINGS[stored[0]] + ("" if stored[0] == 16 else "-le" if order == "<" else "-be")
        return np.array([ord(c) for c in bytes(stored[1]).decode(coding)], np.int64)
    return _numbers(stored, order)
