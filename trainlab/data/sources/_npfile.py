"""Opens NumPy's files without ever running code from them."""

from collections.abc import Collection
from pathlib import Path
from typing import IO, Any

import numpy as np

from trainlab.core.errors import DataError
from trainlab.core.types import Array
from trainlab.data.lazy import expect_few
from trainlab.data.opening import parsing

_DAMAGED = "the file is truncated or damaged"


def open_npy(path: str, file: Path) -> Array:
    """The array in a .npy file, memory-mapped: nothing is read yet; or the only one in a .npz file, read.

    Raises DataError for any other file.
    """
    with file.open("rb") as stream:
        start = stream.read(6)
        if start.startswith(b"PK"):
            return _only_array(path, file)
        if start != b"\x93NUMPY":
            raise DataError(f"{path}: not a .npy file: it does not begin with \\x93NUMPY; save it with numpy.save")
        stream.seek(0)
        if _holds_objects(stream):
            raise DataError(_objects(path))
    with parsing(path, _DAMAGED):
        array = np.load(file, mmap_mode="r", allow_pickle=False)
    expect_few(array)
    return array


def open_npz(path: str, file: Path, wanted: Collection[str]) -> tuple[dict[str, Array], list[str]]:
    """The wanted arrays of a .npz file, as far as it has them, and the names of all that it has.

    Raises DataError for any other file, and for arrays of objects.
    """
    arrays = dict[str, Array]()
    with file.open("rb") as stream:  # opened here, since NumPy leaves a damaged file open
        start = stream.read(6)
        if start == b"\x93NUMPY":
            raise DataError(f"{path}: holds a single array, as a .npy file does; use the source `npy`")
        if start[:2] != b"PK":
            raise DataError(f"{path}: not a .npz file; save it with numpy.savez")
        stream.seek(0)
        with parsing(path, _DAMAGED), np.load(stream, allow_pickle=False) as stored:
            names = list(stored.files)
            for key in names:
                if key in wanted:
                    arrays[key] = _member(path, stored, key)
    return arrays, names


def _only_array(path: str, file: Path) -> Array:
    names = open_npz(path, file, ())[1]
    if len(names) != 1:
        raise DataError(f"{path}: holds {len(names)} arrays; use the source `npz`, which names them")
    return open_npz(path, file, names)[0][names[0]]


def _member(path: str, stored: "np.lib.npyio.NpzFile[Any]", key: str) -> Array:
    try:
        found: Any = stored[key]
        if isinstance(found, bytes):
            raise ValueError("no array, so NumPy gives its bytes")
        return found
    except ValueError as error:
        if stored.zip is not None and _holds_objects(stored.zip.open(f"{key}.npy")):
            raise DataError(_objects(f"{path}: `{key}`")) from None
        raise DataError(f"{path}: `{key}` is truncated or damaged") from error


def _holds_objects(stream: IO[bytes]) -> bool:
    """Whether a .npy file holds Python objects, according to its header."""
    try:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        return read(stream)[2].hasobject
    except Exception:  # a damaged header, which NumPy reads as Python's syntax: `np.load` will say so
        return False


def _objects(where: str) -> str:
    return (
        f"{where}: is an array of Python objects, which are refused because reading them runs code; "
        "save it as numbers: array.astype(float)"
    )
