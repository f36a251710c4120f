"""Checkpoints: named arrays and a JSON value in one safetensors file, written whole or not at all, read without code.

checkpoints/last.safetensors        the newest, from which `--resume` continues
checkpoints/best.safetensors        the best by the watched metric
checkpoints/epoch-0012.safetensors  the newest ones, if the config asks for them
checkpoints/snapshot-02.safetensors  the weights where the schedule had annealed for the second time
"""

import json
import os
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from trainlab.core.errors import UserError
from trainlab.core.types import Array
from trainlab.store.opening import reading
from trainlab.store.writing import named_errors, sync_folder, write_atomic

# trainlab's key in the metadata, the only one, since safetensors writes several in another order in each process: the
# JSON value, and in a second line checksums of it and of each array, which checkpoints before 0.3 do not have
_META = "trainlab"
_TYPES = {"BOOL", "F16", "F32", "F64", *(f"{kind}{bits}" for kind in "IU" for bits in (8, 16, 32, 64))}  # of NumPy
_LONGEST_HEADER = 1 << 24  # bytes


def save(path: Path, arrays: Mapping[str, Array], meta: Mapping[str, Any]) -> None:
    """Writes arrays and a JSON value, durably and atomically: at any instant the old file or the new one is there.

    Raises UserError if the disk refuses; TypeError as `packed`.
    """
    write_atomic(path, packed(arrays, meta), durable=True)


def packed(arrays: Mapping[str, Array], meta: Mapping[str, Any]) -> bytes:
    """Arrays and a JSON value as a checkpoint's bytes.

    Ints of any size and floats, nan and the infinities included, come back exactly.
    Raises TypeError if an array or the JSON value has a type that cannot be stored.
    """
    from safetensors.numpy import save as to_bytes

    ready = {name: _plain(name, array) for name, array in arrays.items()}
    text = json.dumps(dict(meta))
    sums = {"": _text_sum(text)} | {name: _sum(array) for name, array in ready.items()}
    return to_bytes(ready, {_META: f"{text}\n{json.dumps(sums)}"})


def load(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """The arrays and the JSON value that `save` wrote; the arrays are the caller's own and writable.

    Raises UserError if the file is missing, cut off, changed since it was written, or not a checkpoint of trainlab.
    """
    data = _whole(path)
    arrays = _unpacked(path, data)
    meta: dict[str, str] = _header(data).get("__metadata__", {})
    if _META not in meta:
        raise UserError(f"{path}: a safetensors file, but not a checkpoint of trainlab (its metadata lacks `{_META}`)")
    _refuse_changed(path, meta, arrays)
    try:
        return arrays, json.loads(meta[_META].partition("\n")[0])
    except ValueError as error:
        raise UserError(f"{path}: the checkpoint's metadata is damaged") from error


def load_arrays(path: Path) -> dict[str, Array]:
    """The arrays of any safetensors file. Raises UserError as `load`, but other programs' files are read, too."""
    data = _whole(path)
    arrays = _unpacked(path, data)
    _refuse_changed(path, _header(data).get("__metadata__", {}), arrays)
    return arrays


def fitting(arrays: Mapping[str, Array], name: str, own: Array) -> Array:
    """The array of this name. Raises LookupError, with the reason, unless it has shape and type of `own`."""
    found = arrays.get(name)
    if found is None or found.shape != own.shape or found.dtype != own.dtype:
        kind = f" and type {own.dtype}" if found is not None and found.shape == own.shape else ""
        raise LookupError(f"has no `{name}` of shape {own.shape}{kind}")
    return found


def load_some(path: Path, prefix: str) -> dict[str, Array]:
    """The arrays whose names begin with this, without it; the rest of the file is not read.

    Raises UserError as `load`.
    """
    import safetensors
    from safetensors import SafetensorError

    opened: Any = safetensors
    try:
        wanted = [name for name in shapes(path) if name.startswith(prefix)]
        with named_errors(path, "read"), opened.safe_open(path, framework="numpy") as file:
            arrays = {name: np.array(file.get_tensor(name)) for name in wanted}
            _refuse_changed(path, file.metadata() or {}, arrays, whole=False)
            return {name.removeprefix(prefix): array for name, array in arrays.items()}
    except SafetensorError as error:
        raise UserError(f"{path}: {_why(_whole(path))}") from error


def shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """The shape of each array of a checkpoint by name; only the start of the file is read.

    Raises UserError if the file is missing or not a checkpoint.
    """
    with named_errors(path, "read"), reading(path) as file:
        head = file.read(8)
        data = head + file.read(min(int.from_bytes(head, "little"), _LONGEST_HEADER))
    try:
        table = {name: entry["shape"] for name, entry in _header(data).items() if name != "__metadata__"}
        return {name: tuple(int(n) for n in shape) for name, shape in table.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: not a checkpoint") from error


def also(path: Path, as_path: Path) -> None:
    """Gives a saved checkpoint a second name (such as `best`), atomically and without writing it again."""
    temporary = as_path.with_name(f".{as_path.name}.{os.getpid()}.tmp")
    with named_errors(as_path, "write"):
        temporary.unlink(missing_ok=True)
        try:
            os.link(path, temporary)
        except OSError:  # a file system without hard links
            shutil.copyfile(path, temporary)
        temporary.replace(as_path)
        temporary.unlink(missing_ok=True)  # a rename between two names of one file leaves both
        sync_folder(as_path.parent)


def numbered(folder: Path, epoch: int) -> Path:
    """The path of the numbered checkpoint of an epoch: `epoch-0012.safetensors`."""
    return folder / f"epoch-{epoch:04d}.safetensors"


def kept(folder: Path) -> dict[int, Path]:
    """The numbered checkpoints of a folder by epoch, oldest first."""
    return _by_number(folder, "epoch")


def snapshot(folder: Path, number: int) -> Path:
    """The path of the snapshot with this number, from 1: `snapshot-02.safetensors`."""
    return folder / f"snapshot-{number:02d}.safetensors"


def snapshots(folder: Path) -> dict[int, Path]:
    """The snapshots of a folder by number, oldest first."""
    return _by_number(folder, "snapshot")


def _by_number(folder: Path, kind: str) -> dict[int, Path]:
    found: dict[int, Path] = {}
    with suppress(FileNotFoundError):
        for path in folder.iterdir():
            match = re.fullmatch(rf"{kind}-(\d+)\.safetensors", path.name)
            if match:
                found[int(match[1])] = path
    return dict(sorted(found.items()))


def prune(folder: Path, keep: int) -> None:
    """Deletes all numbered checkpoints except the newest `keep`; `last` and `best` always stay."""
    paths = list(kept(folder).values())
    for path in paths[: max(len(paths) - keep, 0)]:
        with named_errors(path, "delete"):
            path.unlink(missing_ok=True)


def _unpacked(path: Path, data: bytes) -> dict[str, Array]:
    from safetensors import SafetensorError
    from safetensors.numpy import load as from_bytes

    try:
        return {name: np.array(array) for name, array in from_bytes(data).items()}
    except (SafetensorError, KeyError) as error:
        raise UserError(f"{path}: {_why(data)}") from error


def _sum(array: Array) -> int:
    return crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)


def _text_sum(text: str) -> int:
    return crc32(text.encode())


def _refuse_changed(path: Path, meta: Mapping[str, str], arrays: Mapping[str, Array], *, whole: bool = True) -> None:
    """Raises UserError if the JSON value or an array is not the one that was written. whole: these are all arrays."""
    value, _, listed = meta.get(_META, "").partition("\n")
    if not listed:
        return
    try:
        sums: dict[str, int] = json.loads(listed)
        wrong = [name for name, array in arrays.items() if sums.get(name) != _sum(array)]
        lost = sorted(set(sums) - {"", *arrays}) if whole else []
        text = sums.get("") != _text_sum(value)
    except (ValueError, AttributeError, TypeError, RecursionError):
        raise UserError(f"{path}: the checkpoint's metadata is damaged") from None
    if what := [*(["the metadata"] if text else []), *(f"`{name}`" for name in (*wrong, *lost))]:
        more = f" and {len(what) - 3} more" if len(what) > 3 else ""
        raise UserError(
            f"{path}: the checkpoint was changed after it was written, or is damaged: {', '.join(what[:3])}{more}"
        )


def _whole(path: Path) -> bytes:
    """All bytes of a checkpoint, unless the file is larger than its header says: then only the header."""
    with named_errors(path, "read"), reading(path) as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(8)
        head += file.read(min(int.from_bytes(head, "little"), _LONGEST_HEADER))
        return head if size > _said_size(head) else head + file.read()


def _said_size(head: bytes) -> int:
    """The size in bytes of a checkpoint with this header; that of the header if it is damaged."""
    try:
        ends = [int(entry["data_offsets"][1]) for name, entry in _header(head).items() if name != "__metadata__"]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return len(head)
    return len(head) + max(ends, default=0)


def _plain(name: str, array: Array) -> Array:
    """The array in this machine's byte order and in C order: safetensors 0.8.0 writes any other as wrong numbers."""
    if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
        raise TypeError(f"{name}: an array of {array.dtype} cannot be stored in a checkpoint")
    return np.asarray(array, dtype=array.dtype.newbyteorder("="), order="C")


def _header(data: bytes) -> dict[str, Any]:
    """The table at the start of a safetensors file: 8 bytes with its length, then JSON."""
    try:
        return json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _why(data: bytes) -> str:
    """The problem of a file that safetensors could not read."""
    header = int.from_bytes(data[:8], "little")
    if data[8:9] != b"{" or header < 2:
        return "not a safetensors file" if data else "the checkpoint is empty"
    if len(data) < 8 + header:
        return f"the checkpoint is cut off: {len(data)} bytes, and its header alone takes {8 + header}"
    try:
        entries = [entry for name, entry in _header(data).items() if name != "__metadata__"]
        want = 8 + header + max((entry["data_offsets"][1] for entry in entries), default=0)
        foreign = sorted({str(entry["dtype"]) for entry in entries} - _TYPES)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return "not a safetensors file"
    if len(data) < want:
        return f"the checkpoint is cut off: {len(data)} bytes of {want}"
    if foreign:
        return f"it holds {', '.join(foreign)} numbers, which NumPy does not have; save them as float32"
    return "the checkpoint is damaged"
