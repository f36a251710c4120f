"""HDF5: named arrays in one file, also MATLAB's since version 7.3."""

from collections.abc import Collection
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from trainlab.core.errors import DataError
from trainlab.core.types import Array
from trainlab.data.matlab_file import CURES, as_texts
from trainlab.data.opening import refuse_known_kinds
from trainlab.data.paths import existing_file
from trainlab.data.sources._named_arrays import NamedArrays, Stored

_LARGE = 1 << 28  # bytes that are worth a word when they are read into memory


class Hdf5(NamedArrays, name="hdf5"):
    """Datasets of an HDF5 file (.h5, .hdf5, .mat of MATLAB 7.3); a name may be a path in the file: /train/images.

    A dataset that is stored in one piece, not in chunks or compressed, stays on disk and is read batch by batch, so
    that it may be larger than memory; others are read whole. MATLAB's axes, which HDF5 shows in reverse, are put
    right, and rows may be counted along their last axis. Needs h5py: pip install "trainlab[hdf5]".
    """

    def read_arrays(self, path: str, wanted: Collection[str]) -> Stored:
        """The wanted datasets, memory-mapped where they can be."""
        file = existing_file(path)
        try:
            h5py: Any = import_module("h5py")  # Any: it comes without types
        except ImportError:
            raise DataError(f'{path}: HDF5 files need h5py: pip install "trainlab[hdf5]"') from None
        if not h5py.is_hdf5(file):
            refuse_known_kinds(path, file)
            raise DataError(f"{path}: not an HDF5 file, or a truncated one")
        try:
            with h5py.File(file, "r") as opened:
                return _stored(path, file, opened, h5py, wanted)
        except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
            raise DataError(f"{path}: the file is truncated or damaged") from error


def _stored(path: str, file: Path, opened: Any, h5py: Any, wanted: Collection[str]) -> Stored:
    names = dict[str, str]()

    def add(name: str, found: Any) -> None:
        if isinstance(found, h5py.Dataset) and not name.startswith("#"):  # #refs#: what MATLAB's cells point to
            names[name] = str(found.shape)

    opened.visititems(add)
    stored = Stored(path, {}, names)
    for name in sorted(wanted):
        found = opened.get(name)
        if isinstance(found, h5py.Dataset):
            names.setdefault(name, str(found.shape))  # /x, as x is also called
            stored.arrays[name] = _dataset(stored, file, name, found, h5py)
        elif found is not None:
            cure = CURES["struct"] if "MATLAB_class" in found.attrs else "name a dataset in it"
            inside = ", ".join(f"`{name}/{key}`" for key in list(found)[:10])
            raise DataError(f"{path}: `{name}` is a group of {inside or 'nothing'}; {cure}")
    return stored


def _dataset(stored: Stored, file: Path, name: str, found: Any, h5py: Any) -> Array:
    """The dataset as an array, with MATLAB's axes put right."""
    where, attributes = f"{stored.path}: `{name}`", found.attrs
    matlab = bytes(attributes.get("MATLAB_class", b"")).decode("latin-1")
    if matlab in CURES:
        raise DataError(f"{where} is no array of numbers ({matlab}); {CURES[matlab]}")
    if found.shape is None or "MATLAB_empty" in attributes:
        raise DataError(f"{where} is empty")
    if h5py.check_string_dtype(found.dtype) is not None:
        return _texts(where, found)
    if found.dtype.kind not in "iufb":
        what = "references to other datasets" if h5py.check_ref_dtype(found.dtype) else str(found.dtype)
        raise DataError(f"{where} holds {what} where numbers are needed; save an array of numbers or texts")
    array = _on_disk(file, found)
    if array is None:
        array = _in_memory(stored, where, found)
    if not matlab:
        return array
    if not stored.rows_may_be_last:
        stored.rows_may_be_last = True
        stored.notes.append(f"{stored.path}: written by MATLAB: the axes of its arrays are read in MATLAB's order")
    return as_texts(array.T) if matlab == "char" else array.T


def _in_memory(stored: Stored, where: str, found: Any) -> Array:
    """The dataset, read whole; a note if it is large. Raises DataError where memory does not hold it."""
    size = found.size * found.dtype.itemsize
    takes = f"{where} is stored in chunks and takes {size / 2**30:.1f} GB of memory"
    cure = "saved without chunks and compression it stays on disk"
    try:
        array = found[()]
    except MemoryError:
        raise DataError(f"{takes}, which is more than there is; {cure}") from None
    if size >= _LARGE:
        stored.notes.append(f"{takes}; {cure}")
    return array


def _texts(where: str, found: Any) -> Array:
    try:
        return np.asarray(found.asstr("utf-8")[()]).astype(np.str_)
    except UnicodeDecodeError:
        raise DataError(f"{where} holds bytes that are not UTF-8; save it as UTF-8 text") from None


def _on_disk(file: Path, found: Any) -> Array | None:
    """The dataset as a memory map, None where it is in chunks, compressed, in another file or has no rows."""
    start = found.id.get_offset()
    if start is None or found.chunks is not None or found.external or found.is_virtual or not found.size:
        return None
    if found.dtype.kind == "b":
        return None
    return np.memmap(file, found.dtype, "r", start, found.shape)
